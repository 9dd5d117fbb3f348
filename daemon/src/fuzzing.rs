//! Every parser of what comes from outside, each as a function that takes any bytes and must return.
//!
//! The targets in `fuzz/` call them with what libFuzzer makes up; the test `daemon/tests/fuzz.rs` with what it makes up
//! itself, on any compiler, in every run of the tests. A panic is the finding; what is parsed is looked at only where
//! something must hold of it.

use std::{fs::File, io::Write, path::Path};

use descry_models::{Manifest, TagNames, Vocabulary};
use rustix::fs::{MemfdFlags, SealFlags};
use zbus::zvariant::{self, LE, serialized};

use crate::{
    bus, config,
    describer::process::message,
    history,
    request::Cancel,
    screen_text,
    source::{self, Source, file::FileSource},
    speech::{
        passage::{self, Passage, Quote},
        ssip,
    },
    words::Language,
};

/// A parser by its name.
pub type Parser = (&'static str, fn(&[u8]));

/// All of them.
pub const PARSERS: [Parser; 9] = [
    ("ssip", ssip),
    ("picture", picture),
    ("settings", settings),
    ("bus_options", bus_options),
    ("screen_text", screen_text),
    ("history", history),
    ("bundle", bundle),
    ("spoken_text", spoken_text),
    ("model_line", model_line),
];

/// What speech-dispatcher answers, in pieces as a socket gives them: the first byte says how long they are.
pub fn ssip(data: &[u8]) {
    let (&length, data) = data.split_first().unwrap_or((&1, data));
    let mut parser = ssip::Parser::default();
    for piece in data.chunks(usize::from(length).max(1)) {
        parser.push(piece);
        loop {
            match parser.next_message() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

/// A picture's file, as a program on the bus passes it. What is decoded stays within the bounds.
pub fn picture(data: &[u8]) {
    // The system may have no memory left, which is nobody's fault here.
    let Ok(memory) = sealed(data) else { return };
    if let Ok(frame) = Box::new(FileSource::Descriptor(memory.into())).capture(&Cancel::default()) {
        let pixels = u64::from(frame.pixels.width()) * u64::from(frame.pixels.height());
        assert!((1..=source::MAXIMUM_PIXELS).contains(&pixels), "{pixels} pixels were decoded");
    }
}

fn sealed(data: &[u8]) -> std::io::Result<File> {
    let memory = rustix::fs::memfd_create("fuzz", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut memory = File::from(memory);
    memory.write_all(data)?;
    rustix::fs::fcntl_add_seals(&memory, SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    Ok(memory)
}

/// `descry.toml`.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(layer) = config::Layer::parse(&text, Path::new("fuzz.toml")) {
        let _ = config::Settings::from(layer);
    }
}

/// The dictionary of options that a program on the bus passes, from its bytes on.
pub fn bus_options(data: &[u8]) {
    let data = serialized::Data::new(data, serialized::Context::new_dbus(LE, 0));
    let read: Result<(bus::Dictionary, usize), zvariant::Error> = data.deserialize();
    if let Ok((dictionary, _)) = read {
        let _ = bus::check_options(&dictionary);
    }
}

/// The table that Tesseract answers with.
pub fn screen_text(data: &[u8]) {
    let _ = screen_text::read_table(&String::from_utf8_lossy(data)).to_lines();
}

/// The history on disk.
pub fn history(data: &[u8]) {
    let (descriptions, _) = history::kept::parse(&String::from_utf8_lossy(data));
    assert!(descriptions.len() <= history::MAXIMUM);
}

/// A model's manifest, its vocabulary, and the names of its tags.
pub fn bundle(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = Manifest::from_toml(&text);
    let _ = Vocabulary::from_text(&text);
    if let Ok(names) = TagNames::from_text(&text) {
        assert_eq!(names.added_up(&vec![1.0; names.classes()]).len(), names.count());
    }
}

/// Text on its way to the synthesiser, of which the first line is quoted in a language of that name: each passage stays
/// within its one message, and each language within its one command, whatever stands in them.
pub fn spoken_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let words = text.lines().next().unwrap_or_default().to_owned();
    let quotes = [Quote { language: words.clone(), words }];
    for Passage { text, language } in passage::passages(&text, &quotes, Language::German) {
        let message = ssip::text(&text);
        let body = message.strip_suffix("\r\n.\r\n").unwrap_or(&message);
        assert!(!body.contains(['\r', '\n']) && body != ".", "{text:?} ends its message early");
        let command = ssip::Command::Language(&language.unwrap_or_default()).to_line();
        assert!(!command.trim_end_matches("\r\n").contains(['\r', '\n']), "{command:?} is more than one");
    }
    let _ = ssip::text(&text);
}

/// What the service and the process of its model read from the line between them. A confidence stays one.
pub fn model_line(data: &[u8]) {
    for caption in message::read_all(data) {
        let confidence = caption.confidence.value();
        assert!((0.0..=1.0).contains(&confidence), "{confidence} is no confidence");
    }
}
