//! What the built-in table is worth: refused photos, faults named, the ROC area of photo against no photo, and the time.

use std::{collections::BTreeMap, error::Error};

use descry_daemon::quality::{self, Class, Fault, Kind, Quality};

use super::{
    Pictures,
    samples::{self, Sample, place},
    spoil::FAULTS,
};

#[derive(Default)]
struct Counts {
    all: usize,
    refused: usize,
    right: usize,
    mild: usize,
}

pub(super) fn measure(pictures: &Pictures, wrong: bool) -> Result<(), Box<dyn Error>> {
    let samples = samples::for_measuring(pictures)?;
    let (mut groups, mut scores) = (BTreeMap::<(usize, String), Counts>::new(), Vec::new());
    let mut times = Vec::new();
    for sample in &samples {
        let Some((quality, time)) = &sample.judged else { continue };
        times.push(*time);
        let set = if matches!(sample.class, Class::Photo | Class::Screen | Class::Text) {
            sample.set.clone()
        } else {
            String::new()
        };
        let counts = groups.entry((place(sample.class), set)).or_default();
        let right = is_right(sample.class, quality);
        counts.all += 1;
        counts.refused += usize::from(!quality.can_be_captioned);
        counts.mild += usize::from(quality.can_be_captioned && !quality.faults.is_empty());
        counts.right += usize::from(right);
        if wrong && !right {
            println!(
                "{}: {quality:?} {:.2?} sharpest {:.3}",
                sample.name,
                quality::probabilities(&sample.statistics),
                sample.statistics[18]
            );
        }
        if !FAULTS.contains(&sample.class) {
            scores.push((no_photo(sample), sample.class != Class::Photo));
        }
    }
    println!(
        "{:10} {:24} {:>6} {:>9} {:>9} {:>11}",
        "class", "set", "number", "right %", "refused %", "only noted %"
    );
    for ((class, set), counts) in &groups {
        let percent = |count: usize| 100.0 * count as f64 / counts.all as f64;
        println!(
            "{:10} {set:24} {:6} {:9.2} {:9.2} {:11.2}",
            format!("{:?}", Class::ALL[*class]),
            counts.all,
            percent(counts.right),
            percent(counts.refused),
            percent(counts.mild)
        );
    }
    sweep(&samples);
    println!("ROC area, photo against screen, text, blank and noise: {:.5}", area(&mut scores));
    times.sort_by(f64::total_cmp);
    println!(
        "milliseconds: median {:.2}, 99 of 100 below {:.2}",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
    Ok(())
}

/// Whether what it is was named: for a photo, that nothing is wrong with it.
fn is_right(class: Class, quality: &Quality) -> bool {
    let named = |fault| quality.faults.contains(&fault);
    match class {
        Class::Photo => quality.can_be_captioned && quality.faults.is_empty(),
        Class::Screen | Class::Text => matches!(quality.kind, Kind::Screen | Kind::Text),
        Class::Blank => quality.kind == Kind::Blank && named(Fault::Blank),
        Class::Noise => quality.kind == Kind::Unknown && !quality.can_be_captioned,
        Class::Dark => named(Fault::Dark),
        Class::Bright => named(Fault::Bright),
        Class::Blurred => named(Fault::Blurred),
        Class::Covered => named(Fault::Covered),
    }
}

/// How probable it is that the picture is no photo; surely where something on it is drawn.
fn no_photo(sample: &Sample) -> f32 {
    if sample.is_drawn {
        return 1.0;
    }
    let probabilities = quality::probabilities(&sample.statistics);
    [Class::Screen, Class::Text, Class::Blank, Class::Noise]
        .iter()
        .map(|class| probabilities[place(*class)])
        .sum()
}

/// How often one that is has a greater score than one that is not; equal ones count half.
fn area(scores: &mut [(f32, bool)]) -> f64 {
    scores.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut sum) = (0.0, 0.0);
    for equal in scores.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let positive = equal.iter().filter(|score| score.1).count() as f64;
        let negative = equal.len() as f64 - positive;
        sum += positive * (below + negative / 2.0);
        below += negative;
    }
    let positives = scores.iter().filter(|score| score.1).count() as f64;
    sum / (positives * below).max(1.0)
}

/// What each bound on the sum of the faults' probabilities, and on that of no photo, would name and refuse.
fn sweep(samples: &[Sample]) {
    let photos: Vec<_> = samples.iter().filter(|sample| sample.class == Class::Photo).collect();
    let sum = |sample: &Sample| -> f32 {
        let probabilities = quality::probabilities(&sample.statistics);
        FAULTS.iter().map(|class| probabilities[place(*class)]).sum()
    };
    let share = |of: &[&Sample], is: &dyn Fn(&Sample) -> bool| {
        100.0 * of.iter().filter(|sample| is(sample)).count() as f64 / of.len().max(1) as f64
    };
    for percent in [10_u8, 20, 30, 40, 50, 60, 70, 80, 90, 95] {
        let bound = f32::from(percent) / 100.0;
        print!(
            "at {bound:.2}: photos with a fault {:5.2} %, taken for no photo {:5.2} %; named:",
            share(&photos, &|one| sum(one) >= bound),
            share(&photos, &|one| no_photo(one) >= bound)
        );
        for class in FAULTS {
            let own: Vec<_> = samples.iter().filter(|sample| sample.class == class).collect();
            let named = |one: &Sample| {
                let probability = quality::probabilities(&one.statistics)[place(class)];
                sum(one) >= bound && (probability >= 0.1 || probability >= sum(one) / 2.0)
            };
            print!(" {class:?} {:.2} %", share(&own, &named));
        }
        let screens: Vec<_> =
            samples.iter().filter(|sample| matches!(sample.class, Class::Screen | Class::Text)).collect();
        println!(", screens {:.2} %", share(&screens, &|one| no_photo(one) >= bound));
    }
}
