//! What is written on a screen, read by the program Tesseract.
//!
//! Tesseract runs as a child process, so that building and running Descry needs none of it, and so that nothing it does
//! can harm this one. It gets the picture on its standard input and answers with a table; no file is written. It is
//! killed when its time is up, when it answers without end, or when nobody wants the answer any more.

mod contrast;
mod lines;
mod table;
#[cfg(test)]
mod tests;

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use image::RgbImage;
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

use crate::{
    frame::Area,
    words::{Message, message},
};

/// What Tesseract reads when nobody says otherwise.
pub const DEFAULT_LANGUAGES: &str = "eng";

/// How long one picture may take. A screen of 1920 x 1080 pixels full of text takes about two seconds.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Tesseract's numbers for how a page is read: in blocks as it finds them, or all of it row by row.
const BY_LAYOUT: &str = "3";
const ROW_BY_ROW: &str = "6";

/// Bytes of an answer that are taken at most. A screen full of small letters gives about 500,000.
const MAXIMUM_ANSWER: u64 = 8 << 20;

/// Bytes that are kept of what Tesseract complains of.
const MAXIMUM_COMPLAINT: u64 = 4096;

/// Text in the order in which it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenText {
    /// Each is a few lines that belong together.
    pub paragraphs: Vec<Paragraph>,
}

/// Lines that belong together, from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// At least one, none of them empty.
    pub lines: Vec<String>,
}

impl ScreenText {
    /// All of it: a line for each line, and an empty one between paragraphs.
    #[must_use]
    pub fn to_lines(&self) -> String {
        let paragraphs: Vec<String> =
            self.paragraphs.iter().map(|paragraph| paragraph.lines.join("\n")).collect();
        paragraphs.join("\n\n")
    }
}

/// Why nothing could be read. Each is one sentence that begins in lower case and has no full stop, and says what to do.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no such program.
    #[error("the program that reads text is missing; install the package tesseract-ocr")]
    Missing,
    /// It lacks a language.
    #[error(
        "Tesseract lacks the language {0}; install the package tesseract-ocr-{0}, or name others in text_languages"
    )]
    NoLanguage(String),
    /// It did not come to an end.
    #[error("reading the text took longer than {} seconds; ask for a window or a region", LIMIT.as_secs())]
    TooSlow,
    /// It gave more than any screen holds.
    #[error("Tesseract answered without end; ask for a window or a region")]
    TooLong,
    /// It ended with a failure.
    #[error(
        "Tesseract failed ({status}): {complaint}; ask again, and if it stays so, install the package tesseract-ocr anew"
    )]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The first line that it complained with.
        complaint: String,
    },
    /// It cannot be run, or its answer cannot be read.
    #[error("Tesseract cannot be run ({0}); install the package tesseract-ocr anew")]
    Broken(#[from] io::Error),
    /// The thread that prepares the picture ended.
    #[error("the picture could not be prepared for reading; ask again")]
    NotPrepared,
}

impl ReadError {
    /// What a person is told of it, to stand after a colon.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Missing => message!("source-no-reader"),
            Self::NoLanguage(language) => message!("source-no-reader-language", language = language),
            Self::TooSlow => message!("source-reader-slow", seconds = LIMIT.as_secs()),
            Self::TooLong => message!("source-reader-endless"),
            Self::Failed { status, complaint } => {
                message!("source-reader-failed", status = status.to_string(), complaint = complaint)
            }
            Self::Broken(reason) => message!("source-reader-broken", reason = reason.to_string()),
            Self::NotPrepared => message!("source-reader-unprepared"),
        }
    }
}

/// The text in a table of Tesseract's, of a picture as large as the screen.
pub(crate) fn read_table(table: &str) -> ScreenText {
    table::read(table, 1, &[])
}

/// Whoever reads text.
#[derive(Debug, Clone)]
pub struct Reader {
    program: PathBuf,
    languages: String,
    limit: Duration,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(DEFAULT_LANGUAGES.to_owned())
    }
}

impl Reader {
    /// Tesseract, for languages as it names them: `eng`, or several as in `eng+deu`.
    #[must_use]
    pub fn new(languages: String) -> Self {
        Self { program: PathBuf::from("tesseract"), languages, limit: LIMIT }
    }

    /// Another program in Tesseract's place.
    #[cfg(test)]
    pub(crate) fn with_program(program: PathBuf) -> Self {
        Self { program, ..Self::default() }
    }

    /// Reads what is written in a picture. Where `pictures` are, in its pixels, only words that are plain to see count:
    /// there is always something in a photograph that looks like a letter.
    pub async fn read(&self, picture: Arc<RgbImage>, pictures: &[Area]) -> Result<ScreenText, ReadError> {
        let prepared = tokio::task::spawn_blocking(move || contrast::prepare(&picture)).await;
        let contrast::Prepared { file, scale } = prepared.map_err(|_| ReadError::NotPrepared)?;
        let table = self.table(BY_LAYOUT, &file).await?;
        if pictures.is_empty() && table::is_torn_console(&table) {
            return Ok(table::read_console(&self.table(ROW_BY_ROW, &file).await?, scale));
        }
        Ok(table::read(&table, scale, pictures))
    }

    /// All words in a picture, in an order that Tesseract numbers.
    async fn table(&self, order: &str, picture: &[u8]) -> Result<String, ReadError> {
        let arguments = ["stdin", "stdout", "-l", self.languages.as_str(), "--psm", order, "tsv"];
        self.run(&arguments, picture).await
    }

    /// The languages that Tesseract has. An error when it cannot be run.
    pub async fn installed_languages(&self) -> Result<Vec<String>, ReadError> {
        let list = self.run(&["--list-langs"], &[]).await?;
        // The first line is a heading.
        Ok(list.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// The languages that are wanted.
    #[must_use]
    pub fn languages(&self) -> Vec<String> {
        self.languages.split('+').map(str::to_owned).collect()
    }

    /// Runs Tesseract on an input and yields its answer.
    async fn run(&self, arguments: &[&str], input: &[u8]) -> Result<String, ReadError> {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // More threads than one make it slower, and take the processor from the voice. With the future its child ends.
        command.env("OMP_THREAD_LIMIT", "1").env("LC_ALL", "C.UTF-8").kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => ReadError::Missing,
            _ => error.into(),
        })?;
        let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (mut answer, mut complaint) = (Vec::new(), Vec::new());
        let work = async {
            let feed = async {
                if let Some(stdin) = &mut stdin {
                    // One that does not read to the end says why in its exit status.
                    let _ = stdin.write_all(input).await;
                }
                drop(stdin.take());
                Ok(())
            };
            let listen = async {
                if let Some(stdout) = stdout {
                    stdout.take(MAXIMUM_ANSWER + 1).read_to_end(&mut answer).await?;
                }
                if answer.len() as u64 > MAXIMUM_ANSWER { Err(ReadError::TooLong) } else { Ok(()) }
            };
            let complaints = async {
                if let Some(mut stderr) = stderr {
                    (&mut stderr).take(MAXIMUM_COMPLAINT).read_to_end(&mut complaint).await?;
                    // What comes after is read and forgotten, so that it does not wait for a reader.
                    tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
                }
                Ok(())
            };
            tokio::try_join!(feed, listen, complaints)?;
            Ok::<_, ReadError>(child.wait().await?)
        };
        let status = timeout(self.limit, work).await.map_err(|_| ReadError::TooSlow)??;
        if status.success() {
            return Ok(String::from_utf8_lossy(&answer).into_owned());
        }
        Err(failure(status, &String::from_utf8_lossy(&complaint)))
    }
}

/// What a failed run means.
fn failure(status: ExitStatus, complaint: &str) -> ReadError {
    let language = complaint
        .lines()
        .find_map(|line| line.strip_prefix("Failed loading language '")?.split('\'').next())
        .or_else(|| {
            let file = complaint.lines().find_map(|line| line.split_once("Error opening data file "))?.1;
            file.rsplit('/').next()?.strip_suffix(".traineddata")
        });
    if let Some(language) = language {
        return ReadError::NoLanguage(language.to_owned());
    }
    let complaint = complaint.lines().next().unwrap_or("it did not say why").to_owned();
    ReadError::Failed { status, complaint }
}
