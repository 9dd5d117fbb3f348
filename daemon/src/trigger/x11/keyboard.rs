//! Which number each key of an X server's keyboard has, and which of its modifiers is which.

use std::collections::BTreeSet;

use x11rb::{
    connection::Connection,
    errors::ReplyError,
    protocol::xproto::{ConnectionExt as _, ModMask},
    rust_connection::RustConnection,
};

use super::{Modifiers, fixed};

/// X11's numbers for the keys that are held or that lock.
const SUPER: [u32; 2] = [0xffeb, 0xffec];
const ALT: [u32; 2] = [0xffe9, 0xffea];
const NUM_LOCK: [u32; 1] = [0xff7f];
const SCROLL_LOCK: [u32; 1] = [0xff14];

/// The modifiers that have no fixed meaning, in the server's order after Shift, Lock and Control.
const FREE: [ModMask; 5] = [ModMask::M1, ModMask::M2, ModMask::M3, ModMask::M4, ModMask::M5];

/// A keyboard, as a server has it.
#[derive(Debug, Clone)]
pub(super) struct Keyboard {
    first: u8,
    /// How many symbols each key has.
    width: usize,
    symbols: Vec<u32>,
    logo: u16,
    alt: u16,
    /// Num Lock and Scroll Lock; Caps Lock is always [`ModMask::LOCK`].
    locks: Vec<u16>,
}

impl Keyboard {
    /// Asks the server.
    pub(super) fn read(connection: &RustConnection) -> Result<Self, ReplyError> {
        let setup = connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let count = last.saturating_sub(first).saturating_add(1);
        let mapping = connection.get_keyboard_mapping(first, count)?.reply()?;
        let held = connection.get_modifier_mapping()?.reply()?;
        let width = usize::from(mapping.keysyms_per_keycode);
        let mut keyboard =
            Self { first, width, symbols: mapping.keysyms, logo: 0, alt: 0, locks: Vec::new() };
        // Eight groups of codes: Shift, Lock, Control, and the free ones.
        let per_modifier = held.keycodes.len() / 8;
        let find = |keyboard: &Self, symbols: &[u32]| {
            let has =
                |code: &u8| *code != 0 && keyboard.of(*code).iter().any(|symbol| symbols.contains(symbol));
            let mut groups = held.keycodes.chunks(per_modifier.max(1)).skip(3).zip(FREE);
            groups.find(|(codes, _)| codes.iter().any(has)).map(|(_, mask)| u16::from(mask))
        };
        keyboard.logo = find(&keyboard, &SUPER).unwrap_or(ModMask::M4.into());
        keyboard.alt = find(&keyboard, &ALT).unwrap_or(ModMask::M1.into());
        keyboard.locks = [&NUM_LOCK, &SCROLL_LOCK].iter().filter_map(|lock| find(&keyboard, *lock)).collect();
        Ok(keyboard)
    }

    /// The symbols on a key.
    fn of(&self, code: u8) -> &[u32] {
        let begin = usize::from(code.saturating_sub(self.first)) * self.width;
        self.symbols.get(begin..begin + self.width).unwrap_or_default()
    }

    /// The codes of the keys with a symbol: those that give it when nothing is held; else all that have it at all, as on a
    /// keyboard whose letters are Cyrillic first and Latin second.
    pub(super) fn codes(&self, symbol: u32) -> Vec<u8> {
        let all = || (self.first..=u8::MAX).filter(|code| !self.of(*code).is_empty());
        let plain: Vec<u8> = all().filter(|code| self.of(*code)[0] == symbol).collect();
        if plain.is_empty() { all().filter(|code| self.of(*code).contains(&symbol)).collect() } else { plain }
    }

    /// The server's mask of what is held.
    pub(super) fn mask(&self, modifiers: Modifiers) -> u16 {
        let held = |is_held, mask| if is_held { mask } else { 0 };
        u16::from(fixed(modifiers)) | held(modifiers.logo, self.logo) | held(modifiers.alt, self.alt)
    }

    /// All that counts as held: the rest of a state are locks and mouse buttons.
    pub(super) fn modifiers(&self) -> u16 {
        self.mask(Modifiers { logo: true, control: true, alt: true, shift: true })
    }

    /// The masks of every state of the locks.
    pub(super) fn lock_states(&self) -> BTreeSet<u16> {
        let mut states = BTreeSet::from([0]);
        for lock in [u16::from(ModMask::LOCK)].iter().chain(&self.locks) {
            states.extend(states.clone().iter().map(|state| state | lock));
        }
        states
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyboard(symbols: &[[u32; 4]], locks: &[u16]) -> Keyboard {
        Keyboard { first: 8, width: 4, symbols: symbols.concat(), logo: 64, alt: 8, locks: locks.to_vec() }
    }

    #[test]
    fn a_symbol_is_found_where_it_stands_first() {
        const D: u32 = 0x64;
        let latin = [[0x61, 0x41, 0, 0], [D, 0x44, 0, 0], [0x66, D, 0, 0]];
        assert_eq!(keyboard(&latin, &[]).codes(D), [9]);
        let cyrillic = [[0x6c1, 0x6e1, 0x61, 0x41], [0x6d7, 0x6f7, D, 0x44]];
        assert_eq!(keyboard(&cyrillic, &[]).codes(D), [9]);
        assert!(keyboard(&latin, &[]).codes(0xffff).is_empty());
        assert!(keyboard(&[], &[]).codes(D).is_empty());
    }

    #[test]
    fn every_state_of_the_locks_is_there() {
        let states = |locks: &[u16]| keyboard(&[], locks).lock_states().into_iter().collect::<Vec<_>>();
        assert_eq!(states(&[]), [0, 2]);
        assert_eq!(states(&[16]), [0, 2, 16, 18]);
        assert_eq!(states(&[16, 32]), [0, 2, 16, 18, 32, 34, 48, 50]);
    }

    #[test]
    fn what_is_held_is_a_mask() {
        let keyboard = keyboard(&[], &[16]);
        let held = Modifiers { logo: true, alt: true, ..Modifiers::default() };
        assert_eq!(keyboard.mask(held), 64 | 8);
        assert_eq!(keyboard.modifiers(), 64 | 8 | 4 | 1);
    }
}
