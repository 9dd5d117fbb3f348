//! What goes wrong while a run learns: a kill at any moment, pictures that break or vanish, the wrong way to start it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use descry_trainer::prepare::{self, files};
use descry_trainer::train;

use crate::workshop::{
    EXPERIMENT, alone, best, copied, distance, history, logged, state, training, workshop,
};

/// `descry-trainer train` in a process of its own, on one thread, which any machine adds up alike.
pub(crate) fn command(run: &Path, datasets: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_descry-trainer"));
    command.arg("train").arg("--run").arg(run).arg("--datasets").arg(datasets);
    command.args(["--device", "cpu"]).env("OMP_NUM_THREADS", "1").stderr(Stdio::null());
    command
}

/// Killed again and again, each time a little later, until it comes to its end: that end is the one of a run that nobody
/// disturbed, and so is its log.
#[test]
fn a_kill_at_any_moment_costs_nothing_but_time() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let plateau = EXPERIMENT.replace(
        "encoder_learning_rate = 1e-5,",
        "encoder_learning_rate = 1e-5, schedule = { kind = \"plateau\", factor = 0.5, patience = 0 },",
    );
    let (prepare, train) = workshop(folder.path(), &plateau, 6);
    prepare::run(&prepare).expect("prepared");
    let killed = copied(&prepare.run, folder.path().join("killed"));
    assert!(command(&train.run, &train.datasets).status().expect("a process").success());

    let mut wait = Duration::from_millis(250);
    let mut kills = 0;
    loop {
        let mut child = command(&killed, &train.datasets).spawn().expect("a process");
        thread::sleep(wait);
        if let Some(status) = child.try_wait().expect("a process") {
            assert!(status.success());
            break;
        }
        child.kill().expect("killed");
        child.wait().expect("a process");
        kills += 1;
        wait = wait.mul_f64(1.3);
    }
    assert!(kills > 0, "it was never disturbed");
    assert_eq!(history(&killed), history(&train.run), "after {kills} kills");
    assert_eq!(state(&killed).0, state(&train.run).0, "after {kills} kills");
    assert!(distance(&best(&killed), &best(&train.run)) == 0.0, "after {kills} kills");
    assert!(distance(&state(&killed).1, &state(&train.run).1) == 0.0, "after {kills} kills");
}

/// Pictures that cannot be decoded are left out by `prepare`, and the run knows it; those that vanish later, or turn into
/// something else, are left out of their batches.
#[test]
fn broken_pictures_end_no_run() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (prepare, train) = workshop(folder.path(), EXPERIMENT, 8);
    let image = |number: usize| train.datasets.join(format!("small/images/{number}.png"));
    fs::write(image(1), "no picture").expect("written");
    let whole = fs::read(image(2)).expect("a picture");
    fs::write(image(2), &whole[..whole.len() / 2]).expect("written");
    fs::remove_file(image(3)).expect("removed");
    prepare::run(&prepare).expect("prepared");
    let list = fs::read_to_string(prepare.run.join("unusable.jsonl")).expect("a list");
    assert_eq!(list.lines().count(), 3, "{list}");
    for number in 1..=3 {
        assert!(list.contains(&format!("small/images/{number}.png")), "{list}");
    }

    fs::remove_file(image(6)).expect("removed");
    fs::write(image(7), "").expect("written");
    // Gone before it goes on, or while it does: both are the same to it.
    train::run(&training(&train.run, &train.datasets, Some(2))).expect("begun");
    train::run(&train).expect("trained");
    // Stage 1 reads pictures: two of its five are gone, in both of its epochs.
    let left_out = logged(&train.run, "left_out");
    let counts: Vec<_> = left_out.iter().map(|record| (&record["stage"], &record["pictures"])).collect();
    assert_eq!(counts, [(&1.into(), &2.into()), (&1.into(), &2.into())]);
    assert_eq!(history(&train.run).len(), 6);
    assert!(best(&train.run).values().all(|tensor| tensor.isfinite().all().int64_value(&[]) == 1));
}

#[test]
fn a_trained_run_is_not_prepared_again() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (prepare, train) = workshop(folder.path(), EXPERIMENT, 4);
    prepare::run(&prepare).expect("prepared");
    train::run(&training(&train.run, &train.datasets, Some(1))).expect("trained");
    let refused = prepare::run(&prepare).expect_err("it holds a run").to_string();
    assert!(refused.contains("another folder"), "{refused}");
    assert!(train.run.join(files::PROGRESS).exists());
}
