//! What a folder becomes, before anything is learnt from it.

use std::fs;
use std::path::Path;

use super::split;
use crate::dataset::Dataset;

fn folder(path: &Path, pictures: usize) {
    fs::create_dir_all(path).expect("a folder");
    for number in 0..pictures {
        image::RgbImage::new(2, 2).save(path.join(format!("{number}.jpg"))).expect("a picture");
        fs::write(path.join(format!("{number}.txt")), format!("A dog number {number}\nA zebroid\n"))
            .expect("written");
    }
}

#[test]
fn a_folder_is_parted_by_the_seed() {
    let place = tempfile::tempdir().expect("a folder");
    let (pictures, set) = (place.path().join("mine"), place.path().join("run/set"));
    folder(&pictures, 40);
    let names = |split: &str| {
        let dataset = Dataset::open(&set, split).expect("a data set");
        dataset.pictures.iter().map(crate::dataset::Picture::name).collect::<Vec<_>>()
    };
    let made = split::make(&pictures, None, &set, 0.25, 3).expect("made");
    assert_eq!((made.train(), made.dev()), (30, 10));
    let (train, dev) = (names("train"), names("dev"));
    assert_eq!((train.len(), dev.len()), (30, 10));
    assert!(train.iter().all(|name| !dev.contains(name)), "no picture is in both");
    split::make(&pictures, None, &set, 0.25, 3).expect("made again");
    assert_eq!(names("dev"), dev);
    split::make(&pictures, None, &set, 0.25, 4).expect("made otherwise");
    assert_ne!(names("dev"), dev);

    let words = "<pad>\n<start>\n<end>\n<unk>\na\ndog\nnumber\n";
    let vocabulary = descry_models::Vocabulary::from_text(words).expect("a vocabulary");
    let unknown = made.unknown(&vocabulary).expect("a zebroid");
    assert!(unknown.contains("zebroid (30), ") && unknown.starts_with("31 words"), "{unknown}");
}

#[test]
fn splits_of_ones_own_are_kept_and_few_pictures_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let (pictures, set) = (place.path().join("mine"), place.path().join("set"));
    folder(&pictures, 30);
    let list = |names: std::ops::Range<usize>| {
        names.map(|name| format!("{name}.jpg")).collect::<Vec<_>>().join("\n")
    };
    fs::write(pictures.join("trainImages.txt"), list(0..24)).expect("written");
    fs::write(pictures.join("devImages.txt"), list(24..30)).expect("written");
    let made = split::make(&pictures, None, &set, 0.5, 1).expect("made");
    assert_eq!((made.train(), made.dev()), (24, 6));

    let few = place.path().join("few");
    folder(&few, 25);
    for broken in 5..25 {
        fs::write(few.join(format!("{broken}.jpg")), "no picture").expect("written");
    }
    let refused = split::make(&few, None, &set, 0.5, 1).expect_err("five are too few").to_string();
    assert!(refused.contains("has 5 pictures") && refused.contains("at least 20"), "{refused}");
    let refused = split::make(&place.path().join("gone"), None, &set, 0.5, 1).expect_err("no folder");
    assert!(format!("{refused:#}").contains("gone"), "{refused:#}");
}
