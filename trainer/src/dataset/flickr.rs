//! Flickr8k's layout: captions as `file#n<TAB>caption`, one list of file names for each split, pictures in one folder.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use super::{Dataset, DatasetError, Fault, Picture, Skipped};

const CAPTIONS: &str = "captions.token.txt";
const PICTURES: &str = "images";
const LIST: &str = "Images.txt";

pub(super) fn open(folder: &Path, split: &str) -> Result<Dataset, DatasetError> {
    let available = splits(folder)?;
    if !available.iter().any(|name| name == split) {
        return Err(DatasetError::NoSuchSplit {
            folder: folder.to_owned(),
            split: split.to_owned(),
            available,
        });
    }
    let list = format!("{split}{LIST}");
    let mut skipped = Skipped::default();
    let names = parse_list(&list, &read(&folder.join(&list))?, &mut skipped);
    let mut captions = parse_captions(&read(&folder.join(CAPTIONS))?, &mut skipped);
    let present = file_names(&folder.join(PICTURES))?;

    let mut pictures = Vec::with_capacity(names.len());
    for name in names {
        if !present.contains(&name) {
            skipped.add(Fault::MissingPicture, name);
        } else if let Some(captions) = captions.remove(&name) {
            pictures.push(Picture {
                file: folder.join(PICTURES).join(name),
                captions: captions.into_values().collect(),
            });
        } else {
            skipped.add(Fault::NoCaption, name);
        }
    }
    if pictures.is_empty() {
        let (folder, split, skipped) = (folder.to_owned(), split.to_owned(), Box::new(skipped));
        return Err(DatasetError::Empty { folder, split, skipped });
    }
    // The folder's own name, also when it is given as `.`.
    let absolute = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Dataset { name, split: split.to_owned(), pictures, skipped })
}

fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    fs::read(path).map_err(|source| DatasetError::Read { path: path.to_owned(), source })
}

fn file_names(folder: &Path) -> Result<HashSet<String>, DatasetError> {
    let error = |source| DatasetError::Read { path: folder.to_owned(), source };
    let mut names = HashSet::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        if let Ok(name) = entry.map_err(error)?.file_name().into_string() {
            names.insert(name);
        }
    }
    Ok(names)
}

fn splits(folder: &Path) -> Result<Vec<String>, DatasetError> {
    let names = file_names(folder)?.into_iter();
    let mut splits: Vec<String> =
        names.filter_map(|name| name.strip_suffix(LIST).map(str::to_owned)).collect();
    splits.sort();
    Ok(splits)
}

/// The lines that are UTF-8, numbered from 1, without line ends, surrounding white space and a byte order mark.
fn lines<'a>(file: &str, bytes: &'a [u8], skipped: &mut Skipped) -> Vec<(usize, &'a str)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        match std::str::from_utf8(line).map(str::trim) {
            Ok("") => {}
            Ok(line) => lines.push((index + 1, line)),
            Err(_) => skipped.add(Fault::WrongEncoding, format!("{file}:{}", index + 1)),
        }
    }
    lines
}

/// The names of a split, each once.
fn parse_list(file: &str, bytes: &[u8], skipped: &mut Skipped) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for (_, name) in lines(file, bytes, skipped) {
        if name.contains(['/', '\\', '\0']) || name == "." || name == ".." {
            skipped.add(Fault::UnsafeName, name.escape_debug().to_string());
        } else if !seen.insert(name) {
            skipped.add(Fault::DuplicateName, name);
        } else {
            names.push(name.to_owned());
        }
    }
    names
}

/// The captions of each file, by their numbers.
fn parse_captions(bytes: &[u8], skipped: &mut Skipped) -> HashMap<String, BTreeMap<u32, String>> {
    let mut captions: HashMap<String, BTreeMap<u32, String>> = HashMap::new();
    for (line, text) in lines(CAPTIONS, bytes, skipped) {
        let place = format!("{CAPTIONS}:{line}");
        // A trimmed line with an empty caption has lost its tab: that is an empty caption, not a broken line.
        let (key, caption) = text.split_once('\t').unwrap_or((text, ""));
        let Some((file, number)) = key.trim_end().rsplit_once('#').filter(|(file, _)| !file.is_empty())
        else {
            skipped.add(Fault::BrokenLine, place);
            continue;
        };
        let Ok(number) = number.parse() else {
            skipped.add(Fault::BrokenLine, place);
            continue;
        };
        let caption = caption.trim();
        if !caption.contains(char::is_alphanumeric) {
            skipped.add(Fault::EmptyCaption, place);
            continue;
        }
        match captions.entry(file.to_owned()).or_default().entry(number) {
            Entry::Occupied(_) => skipped.add(Fault::DuplicateCaption, place),
            Entry::Vacant(vacant) => {
                vacant.insert(caption.to_owned());
            }
        }
    }
    captions
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert!(nowhere.contains("nowhere") && nowhere.contains("captions.token.txt"), "{nowhere}");
        fs::remove_file(folder.0.path().join("captions.token.txt")).expect("removed");
        let without = message(folder.open());
        assert!(without.starts_with("cannot read") && without.contains("captions.token.txt"), "{without}");

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
            parse_captions(&bytes, &mut skipped);
            parse_list("list", &bytes, &mut skipped);
        }
    }
}
