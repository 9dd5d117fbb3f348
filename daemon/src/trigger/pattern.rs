//! Short, long and double presses, out of a button that goes down and up. Pure: time is handed in.

use std::time::Duration;

/// What a person did with a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// Down and up, once.
    Short,
    /// Down for a while. It is told while the button is still held: who holds it hears that it was long enough.
    Long,
    /// Down and up twice.
    Double,
}

/// How long is long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// A button that is down for this long was pressed long.
    pub long: Duration,
    /// What follows a press within this time makes it a double one. Without it there are no double presses, and a short one
    /// is told as soon as the button is up.
    pub double: Option<Duration>,
}

/// What happens to the button, or that time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It goes down.
    Down,
    /// It goes up.
    Up,
    /// Nothing happens to it.
    Wait,
}

/// How far a press has come; times are since some fixed moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Up,
    /// Down since then, for the first time.
    First(Duration),
    /// Up since then, after a first short press.
    Between(Duration),
    /// Down again, and told already, or down for so long that it was told.
    Told,
}

/// A button, watched.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    times: Times,
    state: State,
}

impl Pattern {
    /// A button that is up.
    #[must_use]
    pub fn new(times: Times) -> Self {
        Self { times, state: State::Up }
    }

    /// Takes a step at a time, and tells the press that it completes.
    pub fn step(&mut self, step: Step, now: Duration) -> Option<Press> {
        // What was due before this step comes first, so that a late step is not taken for an early one.
        let due = self.deadline().is_some_and(|deadline| deadline <= now);
        let was_due = match (due, self.state) {
            (true, State::First(_)) => {
                self.state = State::Told;
                Some(Press::Long)
            }
            (true, State::Between(_)) => {
                self.state = State::Up;
                Some(Press::Short)
            }
            _ => None,
        };
        let completed = match (step, self.state) {
            (Step::Down, State::Up) => {
                self.state = State::First(now);
                None
            }
            (Step::Down, State::Between(_)) => {
                self.state = State::Told;
                Some(Press::Double)
            }
            (Step::Up, State::First(_)) if self.times.double.is_some() => {
                self.state = State::Between(now);
                None
            }
            (Step::Up, State::First(_)) => {
                self.state = State::Up;
                Some(Press::Short)
            }
            (Step::Up, State::Told) => {
                self.state = State::Up;
                None
            }
            // A button that goes down twice or up twice, as after events were lost.
            (Step::Down | Step::Up | Step::Wait, _) => None,
        };
        was_due.or(completed)
    }

    /// When time alone will complete a press: [`Step::Wait`] is due then.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::First(since) => Some(since + self.times.long),
            State::Between(since) => self.times.double.map(|double| since + double),
            State::Up | State::Told => None,
        }
    }

    /// Forgets a press that has begun: the button is gone.
    pub fn forget(&mut self) {
        self.state = State::Up;
    }
}

#[cfg(test)]
mod tests {
    use super::{Press::*, Step::*, *};

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Long is 600 ms, double 300 ms.
    fn told(double: bool, steps: &[(u64, Step)]) -> Vec<(u64, Press)> {
        let mut pattern = Pattern::new(Times { long: ms(600), double: double.then_some(ms(300)) });
        let mut told = Vec::new();
        for (time, step) in steps {
            // Whoever watches waits until the deadline, and not longer.
            if let Some(deadline) = pattern.deadline().filter(|deadline| *deadline < ms(*time)) {
                let press = pattern.step(Wait, deadline).unwrap();
                told.push((deadline.as_millis() as u64, press));
            }
            told.extend(pattern.step(*step, ms(*time)).map(|press| (*time, press)));
        }
        told
    }

    #[test]
    fn presses_are_told_apart() {
        const END: (u64, Step) = (9000, Wait);
        for (double, steps, expected) in [
            (true, &[(0, Down), (100, Up), END][..], &[(400, Short)][..]),
            (false, &[(0, Down), (100, Up), END], &[(100, Short)]),
            (true, &[(0, Down), (599, Up), END], &[(899, Short)]),
            (true, &[(0, Down), (700, Up), END], &[(600, Long)]),
            (true, &[(0, Down), END], &[(600, Long)]),
            (true, &[(0, Down), (100, Up), (250, Down), (300, Up), END], &[(250, Double)]),
            // The second press is part of the first, however long it is.
            (true, &[(0, Down), (100, Up), (250, Down), (2000, Up), END], &[(250, Double)]),
            (true, &[(0, Down), (100, Up), (401, Down), (450, Up), END], &[(400, Short), (750, Short)]),
            // Three and four quick ones.
            (
                true,
                &[(0, Down), (50, Up), (100, Down), (150, Up), (200, Down), (250, Up), END],
                &[(100, Double), (550, Short)],
            ),
            (
                true,
                &[
                    (0, Down),
                    (50, Up),
                    (100, Down),
                    (150, Up),
                    (200, Down),
                    (250, Up),
                    (300, Down),
                    (350, Up),
                    END,
                ],
                &[(100, Double), (300, Double)],
            ),
            (false, &[(0, Down), (50, Up), (100, Down), (150, Up), END], &[(50, Short), (150, Short)]),
            (true, &[(0, Down), (700, Up), (800, Down), (900, Up), END], &[(600, Long), (1200, Short)]),
            // Events that were lost.
            (true, &[(0, Up), (100, Down), (200, Down), (250, Up), END], &[(550, Short)]),
            (true, &[(0, Down), (100, Up), (150, Up), END], &[(400, Short)]),
        ] {
            assert_eq!(told(double, steps), expected, "{steps:?}");
        }
    }

    #[test]
    fn what_was_due_comes_before_a_late_step() {
        let mut pattern = Pattern::new(Times { long: ms(600), double: Some(ms(300)) });
        assert_eq!(pattern.step(Down, ms(0)), None);
        assert_eq!(pattern.step(Up, ms(800)), Some(Long), "it was down for that long, whoever slept");
        assert_eq!(pattern.deadline(), None);
        assert_eq!(pattern.step(Down, ms(1000)), None);
        assert_eq!(pattern.step(Up, ms(1100)), None);
        assert_eq!(pattern.step(Down, ms(1500)), Some(Short), "and a new press begins");
        assert_eq!(pattern.deadline(), Some(ms(2100)));
        pattern.forget();
        assert_eq!((pattern.deadline(), pattern.step(Up, ms(1600))), (None, None));
    }
}
