//! Holds each use of a message to the English catalogue while it is compiled, so that no name and no argument can be
//! missing where a person waits for a sentence.

use super::catalogue::FILES;

/// Fails the compilation unless there is a message of this name that takes these arguments and no others.
///
/// # Panics
///
/// In that case; it is called in constants only.
pub const fn message(id: &str, arguments: &[&str]) {
    let Some(text) = file_of(id) else { panic!("no file of the catalogue has the first word of this name") };
    let Some((start, end)) = block(text, id) else { panic!("there is no such message in English") };
    let mut at = 0;
    while at < arguments.len() {
        assert!(is_argument_used(text, start, end, arguments[at]), "the message does not take this argument");
        at += 1;
    }
    let mut at = start;
    while at < end {
        if text[at] == b'$' {
            assert!(is_one_of(text, at + 1, arguments), "an argument of the message is missing");
        }
        at += 1;
    }
}

/// The message of a name that comes from elsewhere, as the catalogue has it, with its English lines.
pub(super) fn find(id: &str) -> Option<(&'static str, &'static str)> {
    let text = file_of(id)?;
    let (start, end) = block(text, id)?;
    let id = text.get(start..start + id.len())?;
    let lines = text.get(start..end.min(text.len()))?;
    Some((str::from_utf8(id).ok()?, str::from_utf8(lines).ok()?))
}

/// The argument of a name that comes from elsewhere, as a message's English lines have it.
pub(super) fn find_argument(lines: &'static str, name: &str) -> Option<&'static str> {
    let is_it = |(at, _): &(usize, &str)| is_name(lines.as_bytes(), at + 1, name);
    let (at, _) = lines.match_indices('$').find(is_it).filter(|_| !name.is_empty())?;
    lines.get(at + 1..at + 1 + name.len())
}

/// The English file that is named as the first word of the message.
const fn file_of(id: &str) -> Option<&'static [u8]> {
    let id = id.as_bytes();
    let mut file = 0;
    while file < FILES.len() {
        let name = FILES[file].name.as_bytes();
        if starts(id, 0, name) && name.len() < id.len() && id[name.len()] == b'-' {
            return Some(FILES[file].texts[0].as_bytes());
        }
        file += 1;
    }
    None
}

/// Where a message begins and ends in a file.
const fn block(text: &[u8], id: &str) -> Option<(usize, usize)> {
    let id = id.as_bytes();
    let mut line = 0;
    while line < text.len() {
        let after = line + id.len();
        if starts(text, line, id) && after + 1 < text.len() && text[after] == b' ' && text[after + 1] == b'='
        {
            let mut end = next_line(text, line);
            // What belongs to it is indented, or begins with the brace that ends a choice.
            while end < text.len() && (text[end] == b' ' || text[end] == b'\n' || text[end] == b'}') {
                end = next_line(text, end);
            }
            return Some((line, end));
        }
        line = next_line(text, line);
    }
    None
}

const fn next_line(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at] != b'\n' {
        at += 1;
    }
    at + 1
}

const fn starts(text: &[u8], at: usize, with: &[u8]) -> bool {
    if at + with.len() > text.len() {
        return false;
    }
    let mut index = 0;
    while index < with.len() {
        if text[at + index] != with[index] {
            return false;
        }
        index += 1;
    }
    true
}

const fn is_part_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Whether exactly this name stands here.
const fn is_name(text: &[u8], at: usize, name: &str) -> bool {
    let after = at + name.len();
    starts(text, at, name.as_bytes()) && (after >= text.len() || !is_part_of_a_name(text[after]))
}

const fn is_argument_used(text: &[u8], start: usize, end: usize, name: &str) -> bool {
    let mut at = start;
    while at < end && at < text.len() {
        if text[at] == b'$' && is_name(text, at + 1, name) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_one_of(text: &[u8], at: usize, names: &[&str]) -> bool {
    let mut index = 0;
    while index < names.len() {
        if is_name(text, at, names[index]) {
            return true;
        }
        index += 1;
    }
    false
}
