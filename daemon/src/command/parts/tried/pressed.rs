//! Keys and the button: the service is asked where it runs, for it has them; else it is tried whether it could.

use crate::{
    bus::client::{Service, questions::Pressable},
    command::parts::State,
    source::screen::Session,
    trigger::{Button, Keys, KeysFrom, TriggerError, Way, evdev, portal, x11},
    words::{Message, message},
};

type Answer = Result<Message, (State, Message)>;

/// What of the service's triggers works, for those of some ways. Nothing where it does not run.
async fn asked(ways: &[Way]) -> Option<Answer> {
    let pressable = match Service::find().await?.pressable().await {
        Ok(pressable) => pressable,
        Err(error) => return Some(Err((State::Fails, error.message()))),
    };
    Some(told(pressable, ways))
}

fn told(pressable: Pressable, ways: &[Way]) -> Answer {
    let of_ways = |list: Vec<(String, String)>| -> Vec<String> {
        let own = list.into_iter().filter(|(from, _)| ways.iter().any(|way| way.name() == from));
        own.map(|(_, words)| words).collect()
    };
    let (bound, problems) = (of_ways(pressable.bound), of_ways(pressable.problems));
    let works = || message!("check-pressed", triggers = bound.join(", "));
    let problem = problems.join(" ");
    match (bound.is_empty(), problems.is_empty()) {
        (false, true) => Ok(works()),
        (true, true) => Err((State::Missing, message!("check-pressed-nothing"))),
        (true, false) => Err((State::Fails, message!("service-said", words = problem))),
        (false, false) => {
            Err((State::Fails, message!("check-pressed-partly", problems = problem, pressed = works())))
        }
    }
}

/// The keys of the desktop.
pub(super) async fn keys(keys: &Keys) -> Answer {
    if keys.from == KeysFrom::None || keys.bindings.is_empty() {
        return Err((State::Missing, message!("check-keys-off")));
    }
    if let Some(answer) = asked(&[Way::X11, Way::Portal]).await {
        return answer;
    }
    let session = Session::from_environment();
    let fails = |error: TriggerError| (State::Fails, error.message());
    let wants_portal = keys.from == KeysFrom::Portal || (keys.from == KeysFrom::Auto && session.is_wayland);
    if wants_portal {
        portal::try_reach().await.map_err(fails)?;
        return Ok(message!("check-keys-portal"));
    }
    let Some(display) = session.display else {
        return Err((State::Missing, message!("check-keys-no-session")));
    };
    let wanted = keys.clone();
    let tried = tokio::task::spawn_blocking(move || x11::try_grab(&display, &wanted)).await;
    let state = tried.unwrap_or(Err(TriggerError::BrokenOff)).map_err(fails)?;
    match state.problems.into_iter().next() {
        None => Ok(message!("check-keys-free")),
        Some(problem) => Err(fails(problem.error)),
    }
}

/// The button of a wearable.
pub(super) async fn button(button: &Button) -> Answer {
    if button.key.is_none() {
        return Err((State::Missing, message!("check-button-unset")));
    }
    if let Some(answer) = asked(&[Way::Evdev]).await {
        return answer;
    }
    let wanted = button.clone();
    match tokio::task::spawn_blocking(move || evdev::try_reach(&wanted)).await {
        Ok(Some(Ok(device))) => Ok(message!("check-button", device = device)),
        Ok(Some(Err(error))) => Err((State::Fails, error.message())),
        Ok(None) | Err(_) => Err((State::Fails, TriggerError::BrokenOff.message())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_says_is_told_for_each_part() {
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let pressable = Pressable {
            bound: vec![pair("x11", "Super+Alt+D"), pair("evdev", "KEY_CAMERA, short"), pair("x11", "F9")],
            problems: vec![pair("x11", "Another program has taken F8.")],
        };
        let told_in_english = |pressable, ways: &[Way]| match told(pressable, ways) {
            Ok(words) => (State::Works, words.to_string()),
            Err((state, words)) => (state, words.to_string()),
        };
        let keys = told_in_english(pressable.clone(), &[Way::X11, Way::Portal]);
        let words = "Another program has taken F8. descryd listens to Super+Alt+D, F9".to_owned();
        assert_eq!(keys, (State::Fails, words));
        let button = told_in_english(pressable, &[Way::Evdev]);
        assert_eq!(button, (State::Works, "descryd listens to KEY_CAMERA, short".to_owned()));
        let none = told_in_english(Pressable::default(), &[Way::Evdev]);
        assert_eq!(none, (State::Missing, "descryd listens to none".to_owned()));
    }
}
