//! Flickr8k's layout, which Flickr30k shares: captions as `file#n<TAB>caption`, one list of file names for each split,
//! pictures in one folder. Without a list, everything is the split `all`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::listing::{Listed, first_folder, is_safe, require};
use super::text::{file_names, lines, read, usable};
use super::{DatasetError, Fault, Skipped};

/// Our own name for the file, then those of the two data sets as they are given out.
const CAPTIONS: [&str; 3] = ["captions.token.txt", "Flickr8k.token.txt", "results_20130124.token"];
/// The last is the folder of the captions itself.
const PICTURES: [&str; 7] =
    ["images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset", "flickr30k-images", "flickr30k_images", ""];
/// What a list's name ends with, after the split's name, and may begin with.
const LIST: (&str, &str) = ("Flickr_8k.", "Images.txt");
/// The split of a set without lists.
const ALL: &str = "all";

/// The files that have captions, in the order in which they first occur, and the captions of each.
pub(super) type Captions = (Vec<String>, HashMap<String, Vec<String>>);

pub(super) fn is_in(names: &BTreeSet<String>) -> bool {
    CAPTIONS.iter().any(|name| names.contains(*name))
}

pub(super) fn list(folder: &Path, split: &str, skipped: &mut Skipped) -> Result<Vec<Listed>, DatasetError> {
    let names = file_names(folder)?;
    let file = CAPTIONS.iter().find(|name| names.contains(**name)).unwrap_or(&CAPTIONS[0]);
    let wanted = names_of(folder, split, skipped)?;
    let (order, captions) = parse_captions(file, &read(&folder.join(file))?, skipped);
    Ok(listed(folder, wanted, (order, captions), skipped))
}

/// The wanted pictures with their captions; without wishes all that have captions, in their order.
pub(super) fn listed(
    folder: &Path,
    wanted: Option<Vec<String>>,
    (order, mut captions): Captions,
    skipped: &mut Skipped,
) -> Vec<Listed> {
    let pictures = first_folder(folder, PICTURES);
    let order = wanted.unwrap_or_else(|| order.into_iter().filter(|name| is_safe(name, skipped)).collect());
    let listed = |name: String| {
        let captions = captions.remove(&name).unwrap_or_default();
        Listed { file: pictures.join(&name), name, id: None, captions }
    };
    order.into_iter().map(listed).collect()
}

/// The names on the split's list; none where there are no lists and all is asked for.
pub(super) fn names_of(
    folder: &Path,
    split: &str,
    skipped: &mut Skipped,
) -> Result<Option<Vec<String>>, DatasetError> {
    let lists = lists(&file_names(folder)?);
    let Some(file) = lists.get(split) else {
        let mut available: Vec<String> = lists.into_keys().collect();
        if available.is_empty() {
            available.push(ALL.to_owned());
        }
        return require(folder, split, available).map(|()| None);
    };
    Ok(Some(parse_list(file, &read(&folder.join(file))?, skipped)))
}

/// The lists' file names by the names of their splits.
fn lists(names: &BTreeSet<String>) -> BTreeMap<String, String> {
    let split = |name: &String| {
        let split = name.strip_suffix(LIST.1)?;
        Some((split.strip_prefix(LIST.0).unwrap_or(split).to_owned(), name.clone()))
    };
    names.iter().filter_map(split).collect()
}

/// The names of a split, each once.
fn parse_list(file: &str, bytes: &[u8], skipped: &mut Skipped) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for (_, name) in lines(file, bytes, skipped) {
        if !is_safe(name, skipped) {
            continue;
        }
        if seen.insert(name) {
            names.push(name.to_owned());
        } else {
            skipped.add(Fault::DuplicateName, name);
        }
    }
    names
}

/// Reads the captions of each file, in the order of their numbers.
fn parse_captions(name: &str, bytes: &[u8], skipped: &mut Skipped) -> Captions {
    let mut order = Vec::new();
    let mut captions: HashMap<String, BTreeMap<u32, String>> = HashMap::new();
    for (line, text) in lines(name, bytes, skipped) {
        let place = format!("{name}:{line}");
        // A trimmed line with an empty caption has lost its tab: that is an empty caption, not a broken line.
        let (key, caption) = text.split_once('\t').unwrap_or((text, ""));
        let numbered = key.trim_end().rsplit_once('#').filter(|(file, _)| !file.is_empty());
        let Some((file, Ok(number))) = numbered.map(|(file, number)| (file, number.parse())) else {
            skipped.add(Fault::BrokenLine, place);
            continue;
        };
        let Some(caption) = usable(caption, &place, skipped) else { continue };
        if !captions.contains_key(file) {
            order.push(file.to_owned());
        }
        match captions.entry(file.to_owned()).or_default().entry(number) {
            Entry::Occupied(_) => skipped.add(Fault::DuplicateCaption, place),
            Entry::Vacant(vacant) => {
                vacant.insert(caption);
            }
        }
    }
    (order, captions.into_iter().map(|(file, numbered)| (file, numbered.into_values().collect())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, Picture};
    use std::fs;
    use std::path::PathBuf;

    struct Folder(tempfile::TempDir);

    impl Folder {
        /// A data set with these files, and empty pictures of these names.
        fn with(captions: &[u8], list: &[u8], pictures: &[&str]) -> Folder {
            let folder = tempfile::tempdir().expect("a folder");
            fs::create_dir(folder.path().join("images")).expect("images");
            fs::write(folder.path().join("captions.token.txt"), captions).expect("captions");
            fs::write(folder.path().join("devImages.txt"), list).expect("list");
            for name in pictures {
                fs::write(folder.path().join("images").join(name), b"").expect("picture");
            }
            Folder(folder)
        }

        fn open(&self) -> Result<Dataset, DatasetError> {
            Dataset::open(self.0.path(), "dev")
        }

        fn picture(&self, name: &str) -> PathBuf {
            self.0.path().join("images").join(name)
        }
    }

    #[test]
    fn a_whole_set() {
        let captions = b"b.jpg#1\tSecond .\nb.jpg#0\tFirst .\na.jpg#0\tA dog #1\trunning\nother.jpg#0\tNot in the split\n";
        let folder = Folder::with(captions, b"b.jpg\na.jpg\n", &["a.jpg", "b.jpg", "other.jpg"]);
        let dataset = folder.open().expect("opens");
        let picture = |name: &str, captions: &[&str]| Picture {
            file: folder.picture(name),
            id: None,
            captions: captions.iter().map(|&caption| caption.to_owned()).collect(),
        };
        let expected = [picture("b.jpg", &["First .", "Second ."]), picture("a.jpg", &["A dog #1\trunning"])];
        assert_eq!(dataset.pictures, expected);
        assert_eq!(dataset.pictures[1].name(), "a.jpg");
        assert!(dataset.skipped.is_empty(), "{}", dataset.skipped);
        assert_eq!(dataset.split, "dev");
        assert_eq!(Some(dataset.name.as_str()), folder.0.path().file_name().and_then(|name| name.to_str()));
    }

    #[test]
    fn what_is_broken_is_skipped_counted_and_named() {
        type Case<'a> = (&'a str, &'a [u8], &'a [u8], &'a [(Fault, usize, &'a str)]);
        let good: &[u8] = b"a.jpg#0\tA dog\n";
        let cases: [Case<'_>; 12] = [
            ("CRLF", b"a.jpg#0\tA dog\r\n", b"a.jpg\r\n", &[]),
            ("a byte order mark", b"\xef\xbb\xbfa.jpg#0\tA dog\n", b"\xef\xbb\xbfa.jpg", &[]),
            ("blank lines", b"\n\na.jpg#0\tA dog\n\n", b"\na.jpg\n\n", &[]),
            (
                "no tab",
                b"a.jpg A dog\na.jpg#0\tA dog\n",
                b"a.jpg",
                &[(Fault::BrokenLine, 1, "captions.token.txt:1")],
            ),
            (
                "no number",
                b"a.jpg#0\tA dog\na.jpg#x\tA cat\na.jpg#\tA cat\n#0\tA cat\n#\t\n",
                b"a.jpg",
                &[(Fault::BrokenLine, 4, "captions.token.txt:2")],
            ),
            (
                "empty captions",
                b"a.jpg#1\t\na.jpg#2\t .\na.jpg#3\na.jpg#0\tA dog\n",
                b"a.jpg",
                &[(Fault::EmptyCaption, 3, "captions.token.txt:1")],
            ),
            (
                "Latin-1",
                b"a.jpg#1\tA caf\xe9\na.jpg#0\tA dog\n",
                b"a.jpg\nb\xe9.jpg",
                &[(Fault::WrongEncoding, 2, "devImages.txt:2")],
            ),
            (
                "the same number twice",
                b"a.jpg#0\tA dog\na.jpg#0\tA cat\n",
                b"a.jpg",
                &[(Fault::DuplicateCaption, 1, "captions.token.txt:2")],
            ),
            ("a name twice", good, b"a.jpg\na.jpg\n", &[(Fault::DuplicateName, 1, "a.jpg")]),
            (
                "names that lead elsewhere",
                good,
                b"../images/a.jpg\na.jpg\n..\nimages\\a.jpg\n",
                &[(Fault::UnsafeName, 3, "../images/a.jpg")],
            ),
            ("no such picture", good, b"a.jpg\ngone.jpg", &[(Fault::MissingPicture, 1, "gone.jpg")]),
            ("no caption for it", good, b"a.jpg\nb.jpg", &[(Fault::NoCaption, 1, "b.jpg")]),
        ];
        for (name, captions, list, faults) in cases {
            let dataset = Folder::with(captions, list, &["a.jpg", "b.jpg"]).open().expect(name);
            assert_eq!(dataset.pictures.len(), 1, "{name}");
            assert_eq!(dataset.pictures[0].captions, ["A dog"], "{name}");
            assert_eq!(dataset.skipped.faults.len(), faults.len(), "{name}: {}", dataset.skipped);
            for (fault, count, first) in faults {
                assert_eq!(dataset.skipped.count(*fault), *count, "{name}: {}", dataset.skipped);
                assert_eq!(dataset.skipped.faults[fault].first[0], *first, "{name}");
            }
        }
    }

    #[test]
    fn the_report_names_the_first_few() {
        let list = b"1.jpg\n2.jpg\n3.jpg\n4.jpg\na.jpg\nb.jpg\n";
        let dataset = Folder::with(b"a.jpg#0\tA dog\n", list, &["a.jpg", "b.jpg"]).open().expect("opens");
        let report = dataset.skipped.to_string();
        assert_eq!(report, "4 missing pictures: 1.jpg, 2.jpg, 3.jpg, …; 1 pictures without a caption: b.jpg");
    }

    #[test]
    fn a_set_that_cannot_be_used_says_why() {
        let folder = Folder::with(b"a.jpg#0\tA dog\n", b"a.jpg\n", &["a.jpg"]);
        let message = |result: Result<Dataset, DatasetError>| result.expect_err("an error").to_string();
        let unknown = message(Dataset::open(folder.0.path(), "test"));
        assert!(unknown.contains("no split `test`") && unknown.ends_with("it has: dev"), "{unknown}");
        let outside = message(Dataset::open(folder.0.path(), "images/../dev"));
        assert!(outside.contains("no split"), "{outside}");
        let nowhere = message(Dataset::open(&folder.picture("nowhere"), "dev"));
        assert!(nowhere.contains("cannot read") && nowhere.contains("nowhere"), "{nowhere}");
        fs::remove_file(folder.0.path().join("captions.token.txt")).expect("removed");
        let without = message(folder.open());
        assert!(without.contains("captions.token.txt"), "{without}");

        let utf16: Vec<u8> = "a.jpg#0\tA dog\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let empty = message(Folder::with(&utf16, b"a.jpg\n", &["a.jpg"]).open());
        assert!(
            empty.contains("no picture that can be used") && empty.contains("without a caption: a.jpg"),
            "{empty}"
        );
    }

    #[test]
    fn random_bytes_never_panic() {
        use rand::{RngExt as _, SeedableRng as _};
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let alphabet = b"a.jpg#0\t\r\n \xff\xc3\xa9\x00/";
        for _ in 0..2_000 {
            let bytes: Vec<u8> = (0..random.random_range(0..60))
                .map(|_| alphabet[random.random_range(0..alphabet.len())])
                .collect();
            let mut skipped = Skipped::default();
            parse_captions("captions", &bytes, &mut skipped);
            parse_list("list", &bytes, &mut skipped);
        }
    }
}
