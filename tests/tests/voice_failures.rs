//! A voice that is missing or dies takes nothing away from what is printed, and is not waited for.

use anyhow::{Result, ensure};
use descry_tests::{
    command::{Descry, Outcome},
    shipped,
    sound_room::SoundRoom,
    surroundings::Surroundings,
    wording::golden_wording,
};

const PICTURE: &str = "photographer.jpg";

#[test]
fn without_a_voice_the_sentence_is_printed() -> Result<()> {
    let surroundings = Surroundings::new()?;
    let outcome = Descry::describe(&surroundings).arg(shipped::picture(PICTURE)).run()?;
    printed_but_not_spoken(&outcome)
}

#[test]
fn without_a_voice_several_pictures_complain_once() -> Result<()> {
    let surroundings = Surroundings::new()?;
    let outcome = Descry::describe(&surroundings).arg(shipped::pictures_folder()).run()?;
    outcome.expect_code(0)?;
    assert_eq!(outcome.stdout.lines().count(), shipped::pictures()?.len());
    ensure!(outcome.complaint()?.to_lowercase().contains("speech-dispatcher"), "{}", outcome.stderr);
    Ok(())
}

#[test]
fn a_voice_that_dies_while_it_speaks_is_told_and_not_waited_for() -> Result<()> {
    shipped::bundle()?;
    let mut room = SoundRoom::open()?;
    let begin = room.now();
    let running = Descry::describe(room.surroundings()).arg(shipped::picture(PICTURE)).start()?;
    room.sound_since(begin)?;
    room.kill_the_voice()?;
    printed_but_not_spoken(&running.wait()?)
}

fn printed_but_not_spoken(outcome: &Outcome) -> Result<()> {
    outcome.expect_code(0)?;
    assert_eq!(outcome.stdout, format!("{}\n", golden_wording(PICTURE)?));
    let complaint = outcome.complaint()?;
    ensure!(
        complaint.to_lowercase().contains("speech-dispatcher"),
        "it does not say who is missing: {complaint}"
    );
    Ok(())
}
