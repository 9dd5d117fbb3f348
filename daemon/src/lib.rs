//! Descry says what a picture shows: the command `descry`, the service `descryd`, and all that they share.
//!
//! A request takes one way, which [`app::App`] spells out in one function:
//!
//! `Request → Source → Frame → quality → [caption thread] → Caption → wording → Utterance → Voice`
//!
//! | module | what it holds |
//! |---|---|
//! | [`request`], [`in_flight`] | what is asked, by whom, until when; the newest of a caller wins |
//! | [`trigger`] | keys and buttons, whose presses become requests |
//! | [`source`], [`frame`] | pictures from files, decoded within known memory, and from the screen |
//! | [`screen_text`], [`screen_pictures`], [`screen_description`] | what is written on a screen, where its pictures are, and how it is worded |
//! | [`quality`] | what is wrong with a picture, and whether it is one that can be captioned |
//! | [`caption_thread`], [`describer`] | the one thread that owns the network; in the service, the process that holds it |
//! | [`narration`] | looking through a camera, and asking for descriptions by itself |
//! | [`wording`], [`description`], [`failure`] | what is answered and how it is worded |
//! | [`history`], [`retell`] | what was answered, and telling it once more |
//! | [`speech`], [`earcon`] | utterances, and speech-dispatcher to say them; signs that come before words |
//! | [`program`] | the two programs, in one file or two |
//! | [`bus`], [`service`] | the service on the session bus |
//! | [`command`] | the command line |
//! | [`memory`] | how freed memory goes back to the system |
//! | [`words`] | every sentence, in the languages that Descry speaks |
//! | [`log`] | what is written for who looks after the machine |
//! | [`notify`], [`announce`] | what systemd is told of the service, and what the person is |
//! | [`board`] | battery, heat and power of the machine |
//! | [`config`], [`preferences`], [`model_folder`] | settings, those that change at run time, and where the model is |
//!
//! What holds everywhere: tokio does input and output only, all that computes or blocks is on the caption thread or a
//! blocking one; the service has the model in a process of its own, whose end costs one answer at most; no picture and
//! no caption is written to disk or to the log, but for the history of a person who switched that on; nothing is opened
//! by a path that another program names; a failure that ends a person's request is spoken.

pub mod announce;
pub mod app;
pub mod board;
pub mod bus;
pub mod caption_thread;
pub mod command;
pub mod config;
pub mod describer;
pub mod description;
pub mod earcon;
pub mod failure;
pub mod frame;
#[doc(hidden)]
pub mod fuzzing;
pub mod history;
pub mod in_flight;
pub mod log;
pub mod memory;
pub mod model_folder;
pub mod narration;
pub mod notify;
pub mod pause;
pub mod preferences;
pub mod program;
pub mod quality;
mod readiness;
pub mod request;
pub mod retell;
pub mod screen_description;
pub mod screen_pictures;
pub mod screen_text;
pub mod service;
pub mod source;
pub mod speech;
pub mod trigger;
pub mod wording;
pub mod words;
