//! Orca itself presents what Descry says. It takes a Debian of its own, which `./run test-orca` makes; the tests that
//! `./run test` runs have a stand-in for Orca (`service_control`).

use anyhow::{Context, Result, ensure};
use descry_tests::{
    caller::Caller,
    command::{Descry, Outcome},
    private_bus::PrivateBus,
    process::Process,
    real_orca::{RealOrca, spoken},
    session::serve,
    shipped,
    sound_room::SoundRoom,
    waiting::wait_until,
    x_server::XServer,
};

const PICTURE: &str = "cat.jpg";

/// A service with a voice of its own, and what Orca needs on the same bus: whoever speaks is known by the room.
struct Desktop {
    caller: Caller,
    _service: Process,
    _bus: PrivateBus,
    _screen: XServer,
    descrys_room: SoundRoom,
    orcas_room: SoundRoom,
}

impl Desktop {
    fn furnish() -> Result<Self> {
        let mut orcas_room = SoundRoom::open()?;
        let bus = PrivateBus::start(orcas_room.surroundings_mut())?;
        let screen = XServer::start(orcas_room.surroundings_mut(), "800x600x24")?;
        let mut descrys_room = SoundRoom::open()?;
        descrys_room.surroundings_mut().set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        let caller = Caller::connect(&bus)?;
        let service = serve(descrys_room.surroundings(), &caller, &[])?;
        Ok(Self { caller, _service: service, _bus: bus, _screen: screen, descrys_room, orcas_room })
    }

    fn start_orca(&self) -> Result<RealOrca> {
        RealOrca::start(self.orcas_room.surroundings(), &self.caller)
    }

    /// Runs one of `descry`'s commands, which the service answers, and returns the sentence that it printed.
    fn ask(&self, command: &str, arguments: &[&str]) -> Result<String> {
        let outcome: Outcome =
            Descry::new(self.descrys_room.surroundings(), command).args(arguments).run()?;
        outcome.expect_code(0)?;
        Ok(outcome.stdout.trim_end().to_owned())
    }

    fn describe(&self) -> Result<String> {
        let picture = shipped::picture(PICTURE);
        self.ask("describe", &[picture.to_str().context("the path is UTF-8")?])
    }

    /// What Descry had its own voice say.
    fn said_by_descry(&self) -> Result<Vec<String>> {
        Ok(self.descrys_room.messages()?.into_iter().map(|message| message.text).collect())
    }

    /// Waits until Orca has been told to say this, as the newest of all.
    fn wait_for_orca_to_say(&self, sentence: &str) -> Result<()> {
        let said = || spoken(&self.orcas_room);
        wait_until("Orca to speak", || Ok(said()?.last().is_some_and(|newest| newest == sentence)))
            .with_context(|| format!("Orca should say {sentence:?}, and says {:?}", said()))
    }
}

#[test]
#[ignore = "takes a Debian with Orca, which `./run test-orca` makes"]
fn orca_speaks_and_brailles_a_description_once_and_descrys_own_voice_is_silent() -> Result<()> {
    let mut desktop = Desktop::furnish()?;
    let orca = desktop.start_orca()?;
    let version = RealOrca::version(&desktop.caller)?;
    println!("Orca says that it is {version}");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    ensure!(major.is_some_and(|major| major >= 51), "Orca {version} is too old to be asked");

    let begin = desktop.orcas_room.now();
    let sentence = desktop.describe()?;
    ensure!(sentence.contains("cat"), "{sentence}");
    desktop.wait_for_orca_to_say(&sentence)?;
    // The sound's length is what it takes to say it, after which nothing more comes.
    let sounding = desktop.orcas_room.speech_since(begin)?.sounding();
    ensure!(!sounding.is_zero(), "Orca's voice made no sound");
    let said = spoken(&desktop.orcas_room)?;
    assert_eq!(said.iter().filter(|said| **said == sentence).count(), 1, "{said:?}");
    let brailled = orca.brailled()?;
    ensure!(brailled.contains(&sentence), "{sentence:?} is not among {brailled:?}");
    assert_eq!(desktop.said_by_descry()?, Vec::<String>::new());
    Ok(())
}

#[test]
#[ignore = "takes a Debian with Orca, which `./run test-orca` makes"]
fn orca_is_silent_when_descry_is_told_to_stop_or_is_asked_anew() -> Result<()> {
    let desktop = Desktop::furnish()?;
    let _orca = desktop.start_orca()?;
    let sentence = desktop.describe()?;
    desktop.wait_for_orca_to_say(&sentence)?;
    // What Orca says of itself when it starts is said to its end, as is the first answer.
    wait_until(
        "silence",
        || Ok(desktop.orcas_room.said_to_the_end()? == spoken(&desktop.orcas_room)?.len()),
    )?;
    assert_eq!(desktop.orcas_room.cut_short()?, 0);

    let long = desktop.ask("more", &[])?;
    desktop.wait_for_orca_to_say(&long)?;
    desktop.ask("stop", &[])?;
    wait_until("Orca to be silent", || Ok(desktop.orcas_room.cut_short()? == 1))?;

    // Orca would say one after the other; the newer request wins.
    let long = desktop.ask("more", &[])?;
    desktop.wait_for_orca_to_say(&long)?;
    let to_the_end = desktop.orcas_room.said_to_the_end()?;
    let sentence = desktop.describe()?;
    desktop.wait_for_orca_to_say(&sentence)?;
    wait_until("Orca to end", || Ok(desktop.orcas_room.said_to_the_end()? == to_the_end + 1))?;
    assert_eq!(desktop.orcas_room.cut_short()?, 2, "the longer answer gave way, the newer one did not");
    assert_eq!(desktop.said_by_descry()?, Vec::<String>::new());
    Ok(())
}

#[test]
#[ignore = "takes a Debian with Orca, which `./run test-orca` makes"]
fn speech_dispatcher_speaks_whenever_orca_is_away() -> Result<()> {
    let desktop = Desktop::furnish()?;
    // Who spoke last, and how often Descry's own voice did so far.
    let alone = |times: usize| -> Result<()> {
        let before = spoken(&desktop.orcas_room)?;
        let sentence = desktop.describe()?;
        assert_eq!(desktop.said_by_descry()?, vec![sentence; times]);
        assert_eq!(spoken(&desktop.orcas_room)?, before);
        Ok(())
    };
    let through_orca = |times: usize| -> Result<()> {
        let sentence = desktop.describe()?;
        desktop.wait_for_orca_to_say(&sentence)?;
        assert_eq!(desktop.said_by_descry()?.len(), times);
        Ok(())
    };
    alone(1)?;
    let orca = desktop.start_orca()?;
    through_orca(1)?;
    orca.quit(&desktop.caller)?;
    alone(2)?;
    let orca = desktop.start_orca()?;
    through_orca(2)?;
    // It ends in the middle of a sentence.
    desktop.ask("more", &[])?;
    orca.crash(&desktop.caller)?;
    alone(3)?;
    let _orca = desktop.start_orca()?;
    through_orca(3)?;
    Ok(())
}
