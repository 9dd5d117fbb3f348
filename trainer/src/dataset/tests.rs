//! Small made-up sets of every format but Flickr's own, which has its tests beside it: whole ones, and broken in each way.

use std::fs;
use std::path::Path;

use super::{Dataset, DatasetError, Fault, Format, PictureId};

/// Files by their names; a name that ends with a picture's ending gets an empty file.
type Files<'a> = &'a [(&'a str, &'a [u8])];
/// A picture's name, its id as text, and its captions.
type Expected<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];
type Faults<'a> = &'a [(Fault, usize, &'a str)];

struct Case<'a> {
    name: &'a str,
    files: Files<'a>,
    split: &'a str,
    pictures: Expected<'a>,
    faults: Faults<'a>,
}

fn folder(files: Files<'_>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, bytes).expect("written");
    }
    folder
}

fn check(format: Format, cases: &[Case<'_>]) {
    for Case { name, files, split, pictures, faults } in cases {
        let folder = folder(files);
        let dataset = Dataset::open(folder.path(), split).unwrap_or_else(|error| panic!("{name}: {error}"));
        let named = Dataset::open_as(folder.path(), Some(format), split).expect(name);
        assert_eq!(dataset, named, "{name}: recognised as {format}");
        let found: Vec<_> = dataset
            .pictures
            .iter()
            .map(|picture| {
                let id = picture.id.as_ref().map(PictureId::to_string).unwrap_or_default();
                (picture.name(), id, picture.captions.clone())
            })
            .collect();
        let expected: Vec<_> = pictures
            .iter()
            .map(|(name, id, captions)| {
                let captions = captions.iter().map(|caption| (*caption).to_owned()).collect::<Vec<_>>();
                ((*name).to_owned(), (*id).to_owned(), captions)
            })
            .collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(dataset.skipped.faults.len(), faults.len(), "{name}: {}", dataset.skipped);
        for (fault, count, first) in *faults {
            assert_eq!(dataset.skipped.count(*fault), *count, "{name}: {}", dataset.skipped);
            assert_eq!(dataset.skipped.faults[fault].first[0], *first, "{name}");
        }
    }
}

#[test]
fn flickr_as_it_is_given_out() {
    check(
        Format::Flickr,
        &[
            Case {
                name: "Flickr8k",
                files: &[
                    ("Flickr8k.token.txt", b"a.jpg#0\tA dog .\nb.jpg#0\tA cat .\n"),
                    ("Flickr_8k.devImages.txt", b"b.jpg\n"),
                    ("Flicker8k_Dataset/a.jpg", b""),
                    ("Flicker8k_Dataset/b.jpg", b""),
                ],
                split: "dev",
                pictures: &[("b.jpg", "", &["A cat ."])],
                faults: &[],
            },
            Case {
                name: "Flickr30k, which has no lists",
                files: &[
                    ("results_20130124.token", b"b.jpg#0\tA cat .\na.jpg#0\tA dog .\n../c.jpg#0\tA cow\n"),
                    ("flickr30k-images/a.jpg", b""),
                    ("flickr30k-images/b.jpg", b""),
                ],
                split: "all",
                pictures: &[("b.jpg", "", &["A cat ."]), ("a.jpg", "", &["A dog ."])],
                faults: &[(Fault::UnsafeName, 1, "../c.jpg")],
            },
        ],
    );
}

#[test]
fn kaggle() {
    check(
        Format::Kaggle,
        &[
            Case {
                name: "Flickr8k",
                files: &[
                    (
                        "captions.txt",
                        b"\xef\xbb\xbfimage,caption\r\na.jpg,\"A dog, running .\"\r\na.jpg,A \"big\" dog .\r\nb.jpg,A cat, a mat\r\n",
                    ),
                    ("Images/a.jpg", b""),
                    ("Images/b.jpg", b""),
                ],
                split: "all",
                pictures: &[
                    ("a.jpg", "", &["A dog, running .", "A \"big\" dog ."]),
                    ("b.jpg", "", &["A cat, a mat"]),
                ],
                faults: &[],
            },
            Case {
                name: "Flickr30k, with its one broken line",
                files: &[
                    (
                        "results.csv",
                        b"image_name| comment_number| comment\na.jpg| 0| A dog .\na.jpg| 4   A dog runs .\na.jpg| 2| A | B\n",
                    ),
                    ("flickr30k_images/a.jpg", b""),
                ],
                split: "all",
                pictures: &[("a.jpg", "", &["A dog .", "A | B"])],
                faults: &[(Fault::BrokenLine, 1, "results.csv:3")],
            },
            Case {
                name: "lists beside it",
                files: &[
                    ("captions.txt", b"image,caption\na.jpg,A dog\nb.jpg,A cat\n"),
                    ("devImages.txt", b"b.jpg\nb.jpg\n"),
                    ("images/a.jpg", b""),
                    ("images/b.jpg", b""),
                ],
                split: "dev",
                pictures: &[("b.jpg", "", &["A cat"])],
                faults: &[(Fault::DuplicateName, 1, "b.jpg")],
            },
            Case {
                name: "broken in every way",
                files: &[
                    (
                        "captions.txt",
                        b"image,caption\na.jpg\n,A dog\na.jpg,\"A dog\na.jpg,\na.jpg,...\na.jpg,A caf\xe9\na.jpg,A dog\ngone.jpg,A cat\n../a.jpg,A cow\n",
                    ),
                    ("images/a.jpg", b""),
                ],
                split: "all",
                pictures: &[("a.jpg", "", &["A dog"])],
                faults: &[
                    (Fault::BrokenLine, 3, "captions.txt:2"),
                    (Fault::EmptyCaption, 2, "captions.txt:5"),
                    (Fault::WrongEncoding, 1, "captions.txt:7"),
                    (Fault::MissingPicture, 1, "gone.jpg"),
                    (Fault::UnsafeName, 1, "../a.jpg"),
                ],
            },
        ],
    );
}

#[test]
fn coco() {
    let whole: &[u8] = br#"{"info": {"year": 2017}, "licenses": [], "images": [
        {"id": 9, "file_name": "000000000009.jpg", "height": 480, "width": 640},
        {"id": 25, "file_name": "000000000025.jpg"}],
        "annotations": [
        {"id": 1, "image_id": 25, "caption": "A giraffe.\n"},
        {"id": 2, "image_id": 9, "caption": " A plate"},
        {"id": 3, "image_id": 25, "caption": "Two giraffes"}]}"#;
    let expected: Expected<'_> = &[
        ("000000000009.jpg", "9", &["A plate"]),
        ("000000000025.jpg", "25", &["A giraffe.", "Two giraffes"]),
    ];
    let case = |name, files, faults| Case { name, files, split: "val2017", pictures: expected, faults };
    check(
        Format::Coco,
        &[
            case(
                "pictures in a folder for each split",
                &[
                    ("annotations/captions_val2017.json", whole),
                    ("annotations/instances_val2017.json", b"{}"),
                    ("val2017/000000000009.jpg", b""),
                    ("val2017/000000000025.jpg", b""),
                ],
                &[],
            ),
            case(
                "pictures below images/",
                &[
                    ("captions_val2017.json", whole),
                    ("images/val2017/000000000009.jpg", b""),
                    ("images/val2017/000000000025.jpg", b""),
                ],
                &[],
            ),
            case(
                "all pictures together",
                &[
                    ("annotations/captions_val2017.json", whole),
                    ("images/000000000009.jpg", b""),
                    ("images/000000000025.jpg", b""),
                ],
                &[],
            ),
        ],
    );
    let broken: &[u8] = b"{\"images\": [
        {\"id\": 1, \"file_name\": \"a.jpg\"}, {\"id\": 1, \"file_name\": \"b.jpg\"}, {\"id\": 2}, 7,
        {\"id\": 3, \"file_name\": \"../a.jpg\"}, {\"id\": 4, \"file_name\": \"gone.jpg\"},
        {\"id\": 5, \"file_name\": \"a.jpg\"}, {\"id\": 6, \"file_name\": \"quiet.jpg\"},
        {\"id\": 7, \"file_name\": \"caf\xe9.jpg\"}],
        \"annotations\": [
        {\"id\": 1, \"image_id\": 1, \"caption\": \"A dog\"}, {\"id\": 1, \"image_id\": 1, \"caption\": \"A cat\"},
        {\"id\": 2, \"image_id\": 99, \"caption\": \"A cow\"}, {\"id\": 3, \"image_id\": 1, \"caption\": \"\"},
        {\"id\": 4, \"image_id\": 1}, null, {\"id\": 5, \"image_id\": 1, \"caption\": \"A caf\xe9\"},
        {\"id\": 6, \"image_id\": 3, \"caption\": \"Left out with its picture\"}, {\"image_id\": 1, \"caption\": \"No id\"}]}";
    check(
        Format::Coco,
        &[Case {
            name: "broken in every way",
            files: &[
                ("captions_val.json", broken),
                ("images/a.jpg", b""),
                ("images/b.jpg", b""),
                ("images/quiet.jpg", b""),
            ],
            split: "val",
            pictures: &[("a.jpg", "1", &["A dog", "No id"])],
            faults: &[
                (Fault::BrokenEntry, 4, "images[2]"),
                (Fault::WrongEncoding, 2, "images[8]"),
                (Fault::EmptyCaption, 1, "annotations[3]"),
                (Fault::DuplicateCaption, 1, "annotations[1]"),
                (Fault::UnknownPicture, 1, "annotations[2]"),
                (Fault::DuplicateName, 2, "b.jpg"),
                (Fault::UnsafeName, 1, "../a.jpg"),
                (Fault::MissingPicture, 1, "gone.jpg"),
                (Fault::NoCaption, 1, "quiet.jpg"),
            ],
        }],
    );
}

#[test]
fn vizwiz_without_its_rejected_captions() {
    let annotations: &[u8] = br#"{"images": [{"id": 0, "file_name": "VizWiz_val_00000000.jpg", "text_detected": true}],
        "annotations": [
        {"id": 0, "image_id": 0, "caption": "Quality issues are too severe.", "is_precanned": true, "is_rejected": true},
        {"id": 1, "image_id": 0, "caption": "A can of soup", "is_precanned": false, "is_rejected": false}]}"#;
    check(
        Format::Vizwiz,
        &[Case {
            name: "VizWiz",
            files: &[("annotations/val.json", annotations), ("val/VizWiz_val_00000000.jpg", b"")],
            split: "val",
            pictures: &[("VizWiz_val_00000000.jpg", "0", &["A can of soup"])],
            faults: &[(Fault::RejectedCaption, 1, "annotations[0]")],
        }],
    );
}

#[test]
fn karpathy() {
    let flickr: &[u8] = br#"{"images": [
        {"filename": "a.jpg", "imgid": 0, "split": "train", "sentences": [{"raw": "A dog .", "tokens": ["a", "dog"]}]},
        {"filename": "b.jpg", "imgid": 1, "split": "val", "sentences": [{"raw": "A cat ."}, {"raw": " "}, {"tokens": []}]},
        {"filename": "b.jpg", "split": "val", "sentences": [{"raw": "Again"}]},
        {"filename": "..", "split": "val", "sentences": []}, {"split": "val"}, "b.jpg",
        {"filename": "gone.jpg", "split": "val", "sentences": [{"raw": "Gone"}]}], "dataset": "flickr8k"}"#;
    let coco: &[u8] =
        br#"{"images": [{"filepath": "val2014", "filename": "COCO_val2014_000000000042.jpg", "cocoid": 42,
        "split": "restval", "sentences": [{"raw": "A shoe"}]}], "dataset": "coco"}"#;
    let shoe = "COCO_val2014_000000000042.jpg";
    let case = |name, file, picture: &'static [(&'static str, &'static [u8])]| (name, file, picture);
    check(
        Format::Karpathy,
        &[Case {
            name: "Flickr8k, and broken in every way",
            files: &[("dataset_flickr8k.json", flickr), ("images/a.jpg", b""), ("images/b.jpg", b"")],
            split: "val",
            pictures: &[("b.jpg", "", &["A cat ."])],
            faults: &[
                (Fault::BrokenEntry, 3, "images[4]"),
                (Fault::EmptyCaption, 1, "images[1].sentences[1]"),
                (Fault::DuplicateName, 1, "b.jpg"),
                (Fault::UnsafeName, 1, ".."),
                (Fault::MissingPicture, 1, "gone.jpg"),
            ],
        }],
    );
    for (name, file, picture) in [
        case("COCO's own folders", "dataset_coco.json", &[("val2014/COCO_val2014_000000000042.jpg", b"")]),
        case("below images/", "dataset.json", &[("images/val2014/COCO_val2014_000000000042.jpg", b"")]),
        case("all together", "dataset.json", &[("images/COCO_val2014_000000000042.jpg", b"")]),
    ] {
        let files = [&[(file, coco)], picture].concat();
        let (pictures, split): (Expected<'_>, _) = (&[(shoe, "42", &["A shoe"])], "restval");
        check(Format::Karpathy, &[Case { name, files: &files, split, pictures, faults: &[] }]);
    }
}

#[test]
fn json_lines() {
    check(
        Format::Jsonl,
        &[
            Case {
                name: "pictures beside it",
                files: &[
                    (
                        "captions.jsonl",
                        b"{\"file\": \"a.jpg\", \"caption\": \"A dog\"}\r\n\n{\"file\": \"sub/b.jpg\", \"captions\": [\"A cat\", \"Cats\"]}\n{\"file\": \"a.jpg\", \"caption\": \"Two\"}",
                    ),
                    ("a.jpg", b""),
                    ("sub/b.jpg", b""),
                ],
                split: "all",
                pictures: &[("a.jpg", "", &["A dog", "Two"]), ("b.jpg", "", &["A cat", "Cats"])],
                faults: &[],
            },
            Case {
                name: "splits, and broken in every way",
                files: &[
                    (
                        "captions.jsonl",
                        b"{\"file\": \"a.jpg\", \"split\": \"dev\", \"caption\": \"A dog\"}\n{\"file\": \"b.jpg\", \"split\": \"train\", \"caption\": \"A cat\"}\nnot JSON\n{\"file\": 7}\n{\"caption\": \"x\"}\n{\"file\": \"a.jpg\", \"split\": \"dev\", \"caption\": \"\xe9\"}\n{\"file\": \"/a.jpg\", \"split\": \"dev\", \"caption\": \"x\"}\n{\"file\": \"a.jpg\", \"split\": \"dev\", \"captions\": [\"-\"]}\n{\"file\": \"gone.jpg\", \"split\": \"dev\", \"caption\": \"x\"}\n{\"file\": \"b.jpg\", \"split\": \"dev\"}\n",
                    ),
                    ("images/a.jpg", b""),
                    ("images/b.jpg", b""),
                ],
                split: "dev",
                pictures: &[("a.jpg", "", &["A dog"])],
                faults: &[
                    (Fault::BrokenLine, 3, "captions.jsonl:3"),
                    (Fault::WrongEncoding, 1, "captions.jsonl:6"),
                    (Fault::UnsafeName, 1, "/a.jpg"),
                    (Fault::EmptyCaption, 1, "captions.jsonl:8"),
                    (Fault::MissingPicture, 1, "gone.jpg"),
                    (Fault::NoCaption, 1, "b.jpg"),
                ],
            },
        ],
    );
}

#[test]
fn captions_beside_their_pictures() {
    check(
        Format::Beside,
        &[
            Case {
                name: "in one folder, with what does not belong there",
                files: &[
                    ("a.jpg", b""),
                    ("a.txt", b"A dog\r\n\n A brown dog \n"),
                    ("b.PNG", b""),
                    ("b.txt", b"\xe9\n...\nA cat"),
                    ("c.jpeg", b""),
                    ("d.jpg", b""),
                    ("d.txt", b""),
                    ("notes.txt", b"what to buy"),
                ],
                split: "all",
                pictures: &[("a.jpg", "", &["A dog", "A brown dog"]), ("b.PNG", "", &["A cat"])],
                faults: &[
                    (Fault::WrongEncoding, 1, "b.txt:1"),
                    (Fault::EmptyCaption, 1, "b.txt:2"),
                    (Fault::NoCaption, 2, "c.jpeg"),
                ],
            },
            Case {
                name: "in a folder of their own, with lists",
                files: &[
                    ("images/a.jpg", b""),
                    ("images/a.txt", b"A dog"),
                    ("images/b.jpg", b""),
                    ("images/b.txt", b"A cat"),
                    ("devImages.txt", b"b.jpg\n"),
                ],
                split: "dev",
                pictures: &[("b.jpg", "", &["A cat"])],
                faults: &[],
            },
        ],
    );
}

#[test]
fn what_cannot_be_used_at_all_says_why() {
    let message = |files: Files<'_>, split: &str| {
        let folder = folder(files);
        Dataset::open(folder.path(), split).expect_err("an error").to_string()
    };
    let cases: [(Files<'_>, &str, &str); 9] = [
        (&[("readme", b"")], "all", "captions.jsonl"),
        (
            &[("captions.jsonl", b"{}"), ("captions.txt", b"")],
            "all",
            "kaggle, jsonl: say which with --format",
        ),
        (&[("captions_val.json", b"[1, 2")], "val", "captions_val.json cannot be used"),
        (&[("captions_val.json", b"{}")], "val", "missing field `images`"),
        (&[("captions_val.json", b"{\"images\": []}")], "train", "no split `train`; it has: val"),
        (
            &[("captions_val.json", b"{\"images\": []}")],
            "val",
            "no picture that can be used (nothing skipped)",
        ),
        (&[("dataset_coco.json", b"{}"), ("dataset.json", b"{}")], "val", "lie together"),
        (&[("captions.jsonl", b"\xff\xfe{\x00")], "all", "no split `all`; it has: none"),
        (&[("captions.txt", b"image,caption\n")], "dev", "no split `dev`; it has: all"),
    ];
    for (files, split, expected) in cases {
        let found = message(files, split);
        assert!(found.contains(expected), "{found:?} does not say {expected:?}");
    }
    assert!(matches!(Dataset::open(Path::new("/nowhere"), "all"), Err(DatasetError::Read { .. })));
}

#[test]
fn captions_need_no_pictures() {
    let folder = folder(&[("captions.txt", b"image,caption\na.jpg,A dog\na.jpg,Dogs\nb.jpg,A cat\n")]);
    let captions = Dataset::captions(folder.path(), None, "all").expect("captions");
    assert_eq!(captions, ["A dog", "Dogs", "A cat"]);
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert!("csv".parse::<Format>().expect_err("unknown").to_string().contains("kaggle"));
}

#[test]
fn random_bytes_never_panic() {
    use rand::{RngExt as _, SeedableRng as _};
    let mut random = rand::rngs::StdRng::seed_from_u64(13);
    let pieces: [&[u8]; 16] = [
        b"{\"images\":[",
        b"{\"id\":1,\"file_name\":\"a.jpg\"}",
        b"],\"annotations\":[",
        b"]}",
        b",",
        b"\n",
        b"\"",
        b"{\"file\":\"a\",\"caption\":\"b\"}",
        b"a.jpg,A dog",
        b"\xff",
        b"null",
        b"{\"image_id\":1,\"caption\":\"b\"}",
        b"{\"filename\":\"a\",\"split\":\"val\",\"sentences\":[{\"raw\":\"b\"}]}",
        b"|",
        b"#0\t",
        b"\xef\xbb\xbf",
    ];
    for _ in 0..300 {
        let bytes: Vec<u8> = (0..random.random_range(0..8))
            .flat_map(|_| pieces[random.random_range(0..pieces.len())])
            .copied()
            .collect();
        let folder = tempfile::tempdir().expect("a folder");
        let files = [
            ("flickr", "captions.token.txt"),
            ("kaggle", "captions.txt"),
            ("coco", "captions_val.json"),
            ("karpathy", "dataset.json"),
            ("vizwiz", "annotations/val.json"),
            ("jsonl", "captions.jsonl"),
            ("beside", "a.txt"),
        ];
        fs::write(folder.path().join("a.jpg"), "").expect("written");
        fs::create_dir(folder.path().join("annotations")).expect("made");
        for (format, file) in files {
            fs::write(folder.path().join(file), &bytes).expect("written");
            for split in ["val", "all"] {
                let format = format.parse().expect("a format");
                drop(Dataset::open_as(folder.path(), Some(format), split));
            }
        }
    }
}
