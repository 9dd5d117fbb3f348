//! Keys that are pressed on a real X server, whatever locks are on, and keys that another program holds; and keys from a
//! desktop's portal.

use anyhow::{Result, ensure};
use descry_tests::{
    desktop::{Desktop, checked, press},
    private_bus::PrivateBus,
    shipped,
    shortcuts_portal::{Person, ShortcutsPortal},
    sound_room::{Priority, SoundRoom},
    surroundings::Surroundings,
    waiting::wait_until,
    x_server::XServer,
    x_window::XWindow,
};
use x11rb::{
    connection::Connection,
    protocol::xproto::{ConnectionExt, GrabMode, ModMask},
    rust_connection::RustConnection,
};

/// How many keys do something when nobody chose any.
const DEFAULT_KEYS: usize = 9;

const SCREEN: &str = "800x600x24";

/// A screen with a picture on it, whose window has the keyboard.
fn screen(surroundings: &mut Surroundings) -> Result<(XServer, XWindow)> {
    let server = XServer::start(surroundings, SCREEN)?;
    let picture = image::open(shipped::picture("cat.jpg"))?.to_rgb8();
    let window = XWindow::open(&server, &picture, "Viewer", "A cat", (10, 10))?;
    Ok((server, window))
}

/// Holds Super+Alt and a key, as another program would, whatever locks are on.
fn hold(connection: &RustConnection, root: u32, symbol: u32) -> Result<()> {
    let setup = connection.setup();
    let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
    let mapping = connection.get_keyboard_mapping(first, count)?.reply()?;
    let width = usize::from(mapping.keysyms_per_keycode);
    let index = mapping.keysyms.chunks(width).position(|symbols| symbols[0] == symbol);
    let code = first + u8::try_from(index.expect("the keyboard has the key"))?;
    let held = u16::from(ModMask::M4) | u16::from(ModMask::M1);
    connection.grab_key(false, root, ModMask::from(held), code, GrabMode::ASYNC, GrabMode::ASYNC)?.check()?;
    Ok(())
}

#[test]
fn a_key_describes_whatever_locks_are_on_and_a_held_key_once() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let (_server, _window) = screen(&mut surroundings)?;
    let desktop = Desktop::start(&mut surroundings)?;
    desktop.wait_for_triggers(DEFAULT_KEYS)?;
    ensure!(desktop.caller.triggers()?.contains(&("Super+Alt+D".to_owned(), "describe_window".to_owned())));
    let mut count = 0;
    for lock in ["", "Caps_Lock", "Num_Lock", "Caps_Lock"] {
        if !lock.is_empty() {
            press(&surroundings, &["key", lock])?;
        }
        press(&surroundings, &["key", "super+alt+d"])?;
        count += 1;
        wait_until(&format!("a description after {lock:?}"), || Ok(desktop.described() == count))?;
    }
    // The keyboard repeats a key that is held: it is one press all the same.
    press(&surroundings, &["key", "Num_Lock"])?;
    press(&surroundings, &["keydown", "super", "keydown", "alt", "keydown", "d", "sleep", "1.5"])?;
    press(&surroundings, &["keyup", "d", "keyup", "alt", "keyup", "super"])?;
    press(&surroundings, &["key", "super+alt+p"])?;
    desktop.wait_for_log("paused or going on", 1)?;
    let presses = desktop.service.log().matches("pressed way=x11 action=describe_window").count();
    assert_eq!(presses, count + 1);
    ensure!(desktop.caller.property("Paused")? == zbus::zvariant::Value::from(true).try_into()?);

    // Other keys at once, when the settings are read again.
    let keys = "[keys]\ndescribe_window = \"Ctrl+F9\"\nmore = \"none\"\n";
    desktop.reload(&surroundings, keys)?;
    desktop.wait_for_triggers(DEFAULT_KEYS - 1)?;
    press(&surroundings, &["key", "super+alt+p"])?;
    desktop.wait_for_log("paused or going on", 2)?;
    press(&surroundings, &["key", "super+alt+d", "key", "ctrl+F9"])?;
    wait_until("a description", || Ok(desktop.described() > count))?;
    let presses = desktop.service.log().matches("pressed way=x11 action=describe_window").count();
    assert_eq!(presses, count + 2, "the old key does nothing");
    desktop.reload(&surroundings, "[keys]\nrepeat = \"Super+Alt+Escap\"\n")?;
    ensure!(desktop.service.log().contains("did you mean Escape?"), "{}", desktop.service.log());
    assert_eq!(desktop.caller.triggers()?.len(), DEFAULT_KEYS - 1, "the old ones hold");
    Ok(())
}

#[test]
fn a_key_that_another_program_holds_is_named_once() -> Result<()> {
    const SENTENCE: &str = "Another program has taken Super+Alt+D; free it there, or choose another key in \
                            descry.toml under [keys].";
    let mut room = SoundRoom::open()?;
    let (server, _window) = screen(room.surroundings_mut())?;
    let (other, background) = server.connect()?;
    hold(&other, background, 0x64)?;
    let (state, words) = checked(room.surroundings(), "Keys")?;
    assert_eq!((state.as_str(), words.as_str()), ("fails", SENTENCE));

    let begin = room.now();
    let desktop = Desktop::start(room.surroundings_mut())?;
    room.speech_since(begin)?;
    let said = room.messages()?;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].priority, Priority::Message);
    ensure!(said[0].text == SENTENCE, "{said:?}");
    desktop.wait_for_triggers(DEFAULT_KEYS - 1)?;
    let (state, words) = checked(room.surroundings(), "Keys")?;
    assert_eq!(state, "fails");
    ensure!(words.starts_with(SENTENCE) && words.contains("Super+Alt+R"), "{words}");

    // Still held when the settings are read again: it is not said again. The others work.
    desktop.reload(room.surroundings(), "")?;
    desktop.wait_for_triggers(DEFAULT_KEYS - 1)?;
    let begin = room.now();
    press(room.surroundings(), &["key", "super+alt+r"])?;
    room.speech_since(begin)?;
    let said = room.messages()?;
    assert_eq!(said.len(), 2);
    ensure!(said[1].text.starts_with("Nothing has been described yet"), "{said:?}");
    // And it works once it is free.
    drop(other);
    desktop.reload(room.surroundings(), "")?;
    desktop.wait_for_triggers(DEFAULT_KEYS)?;
    let (state, words) = checked(room.surroundings(), "Keys")?;
    ensure!(state == "works" && words.contains("Super+Alt+D"), "{words}");
    Ok(())
}

#[test]
fn a_desktop_hands_out_its_keys() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    surroundings.set("WAYLAND_DISPLAY", "wayland-1");
    let bus = PrivateBus::start(&mut surroundings)?;
    let portal = ShortcutsPortal::start(&bus, Person::Allows, "more")?;
    let address = bus.address().to_owned();
    let desktop = Desktop::start_on(bus, &surroundings)?;
    desktop.wait_for_triggers(DEFAULT_KEYS - 1)?;
    let asked = portal.asked();
    ensure!(asked.registered.contains(&"org.descry.Descry1".to_owned()), "{asked:?}");
    let wanted = ("describe_window", "Describe the window", "LOGO+ALT+d");
    let wanted = (wanted.0.to_owned(), wanted.1.to_owned(), wanted.2.to_owned());
    ensure!(asked.wanted.contains(&wanted), "{asked:?}");
    let bound = ("Press LOGO+ALT+d".to_owned(), "describe_window".to_owned());
    ensure!(desktop.caller.triggers()?.contains(&bound), "{:?}", desktop.caller.triggers());
    let (state, words) = checked(&surroundings, "Keys")?;
    assert_eq!(state, "fails");
    ensure!(words.starts_with("The desktop gave no key for Super+Alt+M;"), "{words}");

    portal.press_for_another("pause")?;
    portal.press("no_such_action")?;
    portal.press("pause")?;
    desktop.wait_for_log("paused or going on", 1)?;
    assert_eq!(desktop.service.log().matches("pressed way=portal action").count(), 1);

    // The desktop's portal goes and comes back, as when its shell is restarted.
    drop(portal);
    desktop.wait_for_log("portal for keys is gone", 1)?;
    let portal = ShortcutsPortal::start_at(&address, Person::Allows, "")?;
    desktop.wait_for_triggers(DEFAULT_KEYS)?;
    portal.press("pause")?;
    desktop.wait_for_log("paused or going on", 2)?;
    Ok(())
}

#[test]
fn a_desktop_without_keys_to_give_is_told_with_the_way_out() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    surroundings.set("WAYLAND_DISPLAY", "wayland-1");
    let (state, words) = checked(&surroundings, "Keys")?;
    ensure!(state == "fails" && words.contains("bind a key in its settings to the command"), "{words}");
    let bus = PrivateBus::start(&mut surroundings)?;
    let portal = ShortcutsPortal::start(&bus, Person::Refuses, "")?;
    let desktop = Desktop::start_on(bus, &surroundings)?;
    desktop.wait_for_log("did not let Descry have keys", 1)?;
    let (state, words) = checked(&surroundings, "Keys")?;
    ensure!(state == "fails" && words.contains("descry describe --window"), "{words}");
    drop(portal);
    Ok(())
}
