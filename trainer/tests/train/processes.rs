//! Several processes that learn one model, over a real MPI: they give what one process gives with as large a batch.
//!
//! Dropout is off, since each process draws its own; batch normalisation, which would see half a batch, is folded into
//! the encoder's convolutions. Everything else is on: label smoothing, the attention term, augmentation, averages.

use std::fs;
use std::process::Command;

use descry_trainer::prepare;

use crate::faults::command;
use crate::workshop::{EXPERIMENT, alone, best, distance, history, state, workshop};

/// `mpirun` with two processes of `descry-trainer train`, whoever the user and however few the cores.
fn mpirun(command: &Command) -> Command {
    let mut together = Command::new("mpirun");
    together.args(["--allow-run-as-root", "--oversubscribe", "--mca", "btl", "self,vader,tcp", "-n", "2"]);
    together.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        together.env(name, value.unwrap_or_default());
    }
    together
}

#[test]
fn two_processes_learn_what_one_does_with_twice_the_batch() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let without_dropout = EXPERIMENT.lines().filter(|line| !line.starts_with("self_critical"));
    let without_dropout: String = without_dropout.map(|line| line.to_owned() + "\n").collect();
    let without_dropout = without_dropout.replace("dropout = 0.1", "dropout = 0.0");
    let halved = without_dropout
        .replace("batch_pictures = 4", "batch_pictures = 2")
        .replace("batch_pictures = 3", "batch_pictures = 2");
    let whole = halved.replace("batch_pictures = 2", "batch_pictures = 4");
    // Nine pictures: the last batch holds one, of which the second process gets none. A picture that breaks meanwhile
    // leaves one process with fewer words than the other.
    let mut runs = Vec::new();
    for (name, experiment) in [("one", &whole), ("two", &halved)] {
        let (prepare, train) = workshop(&folder.path().join(name), experiment, 9);
        prepare::run(&prepare).expect("prepared");
        fs::write(train.datasets.join("small/images/5.png"), "no picture").expect("written");
        // The two are stopped in the frozen stage, and go on from there into the next.
        let stops: &[&[&str]] = if name == "two" { &[&["--stop-after-steps", "4"], &[]] } else { &[&[]] };
        for stop in stops {
            let mut alone = command(&train.run, &train.datasets);
            alone.args(*stop);
            let output = if name == "two" { mpirun(&alone) } else { alone }.output().expect("a process");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
        runs.push(train.run);
    }
    let [one, two] = &runs[..] else { panic!("two runs") };
    assert_eq!(history(one).len(), 4);
    assert_eq!(history(one), history(two));
    assert_eq!(state(one).0["progress"], state(two).0["progress"]);
    let apart = distance(&best(one), &best(two));
    assert!(apart < 1e-4, "the weights are {apart} apart");
    assert!(apart > 0.0, "they were added up in another order");
}

/// An error in one process ends all of them, instead of leaving the rest to wait for it.
#[test]
fn an_error_ends_all_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = mpirun(&command(&folder.path().join("none"), folder.path())).output().expect("a process");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot read the experiment"), "{said}");
}
