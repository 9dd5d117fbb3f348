//! Flickr8k and Flickr30k as Kaggle has them: one table with a picture's name first and a caption last, without splits;
//! lists of names beside it, as in Flickr8k's own layout, are used where there are some.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::listing::Listed;
use super::text::{file_names, lines, read, usable};
use super::{DatasetError, Fault, Skipped, flickr};

/// The tables' names, what parts their fields, and how many fields a line has.
const TABLES: [(&str, char, usize); 2] = [("captions.txt", ',', 2), ("results.csv", '|', 3)];

pub(super) fn is_in(names: &BTreeSet<String>) -> bool {
    TABLES.iter().any(|(name, ..)| names.contains(*name))
}

pub(super) fn list(folder: &Path, split: &str, skipped: &mut Skipped) -> Result<Vec<Listed>, DatasetError> {
    let names = file_names(folder)?;
    let (file, separator, fields) =
        TABLES.iter().find(|(name, ..)| names.contains(*name)).unwrap_or(&TABLES[0]);
    let wanted = flickr::names_of(folder, split, skipped)?;
    let bytes = read(&folder.join(file))?;
    let captions = parse(file, &bytes, *separator, *fields, skipped);
    Ok(flickr::listed(folder, wanted, captions, skipped))
}

/// Reads the captions of each file; the first line may be a heading.
fn parse(
    name: &str,
    bytes: &[u8],
    separator: char,
    fields: usize,
    skipped: &mut Skipped,
) -> flickr::Captions {
    let mut order = Vec::new();
    let mut captions: HashMap<String, Vec<String>> = HashMap::new();
    for (line, text) in lines(name, bytes, skipped) {
        let place = format!("{name}:{line}");
        let Some(parts) = split(text, separator).filter(|parts| parts.len() >= fields) else {
            skipped.add(Fault::BrokenLine, place);
            continue;
        };
        let file = parts[0].trim();
        if line == 1 && file.starts_with("image") && !file.contains('.') {
            continue;
        }
        if file.is_empty() {
            skipped.add(Fault::BrokenLine, place);
            continue;
        }
        // A caption with the separator in it that nobody quoted is whole again.
        let caption = parts[fields - 1..].join(&separator.to_string());
        let Some(caption) = usable(&caption, &place, skipped) else { continue };
        let of_file = captions.entry(file.to_owned()).or_default();
        if of_file.is_empty() {
            order.push(file.to_owned());
        }
        of_file.push(caption);
    }
    (order, captions)
}

/// The fields of a line; one in double quotes may hold the separator, and quotes as two of them. None if a quote is not
/// closed: these tables have one line for each caption.
fn split(line: &str, separator: char) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let mut field = String::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted;
            loop {
                let (before, after) = rest.split_once('"')?;
                field.push_str(before);
                rest = after;
                let Some(doubled) = rest.strip_prefix('"') else { break };
                field.push('"');
                rest = doubled;
            }
        }
        let end = rest.find(separator).unwrap_or(rest.len());
        field.push_str(&rest[..end]);
        fields.push(field);
        let Some(next) = rest[end..].strip_prefix(separator) else { return Some(fields) };
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_line() {
        let cases: [(&str, char, Option<&[&str]>); 9] = [
            ("a.jpg,A dog runs .", ',', Some(&["a.jpg", "A dog runs ."])),
            ("a.jpg,\"A dog, running .\"", ',', Some(&["a.jpg", "A dog, running ."])),
            (r#"a.jpg,"A ""big"" dog""#, ',', Some(&["a.jpg", r#"A "big" dog"#])),
            (r#"a.jpg,A "big" dog"#, ',', Some(&["a.jpg", r#"A "big" dog"#])),
            ("a.jpg| 0| A dog", '|', Some(&["a.jpg", " 0", " A dog"])),
            ("a.jpg,", ',', Some(&["a.jpg", ""])),
            (",", ',', Some(&["", ""])),
            ("", ',', Some(&[""])),
            ("a.jpg,\"A dog", ',', None),
        ];
        for (line, separator, expected) in cases {
            let found = split(line, separator);
            let found: Option<Vec<&str>> =
                found.as_ref().map(|fields| fields.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{line}");
        }
    }
}
