//! Finding objects in a window: by the program's own search where it has one, else by going through all that is shown.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;

use super::{Bus, FOCUSED, Field, OF_SCREEN, OF_WINDOW, Object, SHOWING};
use crate::source::screen::window::readable;

const COLLECTION: &str = "org.a11y.atspi.Collection";

/// The role of a field that hides what is typed.
const PASSWORD_TEXT: u32 = 40;

/// How an object's states and roles are compared with those of a rule: all of them, any of them.
const ALL: i32 = 1;
const ANY: i32 = 2;

/// The order of what is found: as it is drawn.
const CANONICAL: u32 = 1;

/// Objects of one window that are gone through at most where its program cannot search. A page of a newspaper has a few
/// thousand.
const MOST_OBJECTS: usize = 5000;

/// How long going through them may take.
const WALK_LIMIT: Duration = Duration::from_millis(700);

/// Objects that are asked at once.
const AT_ONCE: usize = 64;

/// Fields and focused objects that are taken of one window.
const MOST_FOUND: i32 = 20;

/// The longest name of what has the focus, in characters.
const LONGEST_LABEL: usize = 80;

/// A rule of the interface Collection: states, attributes, roles and interfaces, each with how they are compared, and
/// whether all of it is turned round.
type Rule = (Vec<i32>, i32, HashMap<String, String>, i32, Vec<i32>, i32, Vec<String>, i32, bool);

/// What an object must be to be found.
#[derive(Clone, Copy)]
struct Wanted {
    states: u64,
    role: Option<u32>,
}

impl Wanted {
    fn rule(self) -> Rule {
        let half = |bits: u64| (bits & u64::from(u32::MAX)) as u32 as i32;
        let mut roles = vec![0; 4];
        if let Some(role) = self.role {
            roles[role as usize / 32] = (1_u32 << (role % 32)) as i32;
        }
        let of_role = if self.role.is_some() { ANY } else { ALL };
        let states = vec![half(self.states), half(self.states >> 32)];
        (states, ALL, HashMap::new(), ALL, roles, of_role, Vec::new(), ALL, false)
    }
}

impl Bus {
    /// What has the focus in a window, in words.
    pub(super) async fn focus(&self, window: &Object) -> Option<String> {
        let found = self.find(window, Wanted { states: FOCUSED | SHOWING, role: None }).await;
        let object = found.first()?;
        let role: String = self.ask(object, super::ACCESSIBLE, "GetRoleName", &()).await?;
        let name = self.name(object).await;
        let name = name.and_then(|name| readable(&name, LONGEST_LABEL));
        Some(match name {
            Some(name) => format!("{name}, {role}"),
            None => role,
        })
    }

    /// Where passwords are typed in a window.
    pub(super) async fn passwords(&self, window: &Object) -> Vec<Field> {
        let fields = self.find(window, Wanted { states: SHOWING, role: Some(PASSWORD_TEXT) }).await;
        let place = async |field: Object| {
            let (on_screen, in_window) =
                tokio::join!(self.area(&field, OF_SCREEN), self.area(&field, OF_WINDOW));
            Some(Field { on_screen: on_screen?, in_window: in_window? })
        };
        join_all(fields.into_iter().map(place)).await.into_iter().flatten().collect()
    }

    async fn find(&self, window: &Object, wanted: Wanted) -> Vec<Object> {
        // Also within what was found.
        let body = (wanted.rule(), CANONICAL, MOST_FOUND, true);
        match self.ask(window, COLLECTION, "GetMatches", &body).await {
            Some(found) => found,
            None => self.walk(window, wanted).await,
        }
    }

    async fn walk(&self, window: &Object, wanted: Wanted) -> Vec<Object> {
        let (mut waiting, mut found, mut seen) = (vec![window.clone()], Vec::new(), 0);
        let begun = Instant::now();
        while !waiting.is_empty()
            && seen < MOST_OBJECTS
            && found.len() < MOST_FOUND as usize
            && begun.elapsed() < WALK_LIMIT
        {
            let some = waiting.split_off(waiting.len().saturating_sub(AT_ONCE));
            seen += some.len();
            let look = async |object: &Object| -> Option<(bool, Vec<Object>)> {
                let state = self.state(object).await?;
                if state & SHOWING == 0 {
                    return None;
                }
                let is_role = match wanted.role {
                    Some(role) => self.ask(object, super::ACCESSIBLE, "GetRole", &()).await == Some(role),
                    None => true,
                };
                let is_wanted = is_role && state & wanted.states == wanted.states;
                Some((is_wanted, self.children(object).await.unwrap_or_default()))
            };
            let answers = join_all(some.iter().map(look)).await;
            for (object, answer) in some.iter().zip(answers) {
                let Some((is_wanted, children)) = answer else { continue };
                if is_wanted {
                    found.push(object.clone());
                }
                waiting.extend(children);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_a_bit_for_each_state_and_role() {
        let (states, _, _, _, roles, ..) =
            Wanted { states: SHOWING | 1 << 33, role: Some(PASSWORD_TEXT) }.rule();
        assert_eq!(states, [1 << 25, 2]);
        assert_eq!(roles, [0, 1 << 8, 0, 0]);
        let (_, _, _, _, roles, compared, ..) = Wanted { states: FOCUSED, role: None }.rule();
        assert_eq!((roles, compared), (vec![0; 4], ALL));
    }
}
