//! The other end: the process that holds the model, as the service started it. It describes until the line is closed.
//!
//! The line is its standard input, in both directions. Its standard output is not used for it, and is the log: what a library
//! prints there must not come between two messages.

use std::{
    cell::{Cell, RefCell},
    fs, io,
    io::{Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
};

use descry_models::{Opening, preprocess::MAXIMUM_PIXELS};
use image::RgbImage;
use rustix::process::{Signal, set_parent_process_death_signal};
use thiserror::Error;
use tracing::{debug, warn};

use super::{
    line::{Line, LineError},
    message::{About, Order, Reply},
};
use crate::{
    describer::{self, DescribeError, Describer},
    words::Message,
};

/// How the system lists it.
const NAME: &str = "descry-model";

/// How much more ready the system is to end this process than the service when memory runs out, in thousandths of all
/// memory. Who asks then hears that there was no answer, and the next request starts it anew: less is lost by that than by
/// the end of a screen reader, of the voice, or of another program with the person's work in it.
const READINESS_TO_END: i32 = 300;

/// Why the process ends without having been asked to.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Its standard input is not a line to a service.
    #[error("this holds the model of a service, which starts it by itself")]
    NoLine,
    /// The line cannot be used.
    #[error("the line to the service cannot be used: {0}")]
    Line(String),
}

/// Holds a model for the service that started this process, until that closes the line or ends.
pub fn run() -> Result<(), ServerError> {
    let input = io::stdin().as_fd().try_clone_to_owned().map_err(|_| ServerError::NoLine)?;
    let stream = UnixStream::from(input);
    if stream.peer_addr().is_err() {
        return Err(ServerError::NoLine);
    }
    prepare();
    match serve(stream, describer::open) {
        Ok(()) => Ok(()),
        Err(error) => Err(ServerError::Line(error.to_string())),
    }
}

/// Settles what this process is to the system. None of it is needed to describe.
fn prepare() {
    // The service may end while a word is computed, when nobody reads the line.
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        warn!(%error, "this process may outlive the service for a moment");
    }
    if let Err(error) = fs::write("/proc/self/comm", NAME) {
        debug!(%error, "this process is listed by the program's name");
    }
    if let Err(error) = volunteer() {
        debug!(%error, "the system may end the service when memory runs out");
    }
}

/// Asks the system to end this process first when memory runs out.
fn volunteer() -> io::Result<()> {
    let file = Path::new("/proc/self/oom_score_adj");
    let inherited: i32 = fs::read_to_string(file)?.trim().parse().map_err(io::Error::other)?;
    fs::write(file, (inherited + READINESS_TO_END).min(1000).to_string())
}

/// Opens a model, and describes with it, until the line is closed.
pub(super) fn serve<S: Read + Write>(
    stream: S,
    open: impl FnOnce(&Path, &Opening, &dyn Fn(&Message)) -> Result<Box<dyn Describer>, DescribeError>,
) -> Result<(), LineError> {
    match converse(&RefCell::new(Line(stream)), open) {
        Err(LineError::Closed) => Ok(()),
        result => result,
    }
}

fn converse<S: Read + Write>(
    line: &RefCell<Line<S>>,
    open: impl FnOnce(&Path, &Opening, &dyn Fn(&Message)) -> Result<Box<dyn Describer>, DescribeError>,
) -> Result<(), LineError> {
    let send = |reply: &Reply| line.borrow_mut().send(reply);
    let receive = || line.borrow_mut().receive::<Order>();
    send(&Reply::Started)?;
    let Order::Open(order) = receive()? else { return Err(unexpected()) };
    let (folder, opening) = order.into_parts();
    // A line that is closed is noticed at the next message.
    let tell = |message: &Message| drop(send(&Reply::Tell(message.clone())));
    let mut describer = match open(&folder, &opening, &tell) {
        Ok(describer) => describer,
        Err(error) => return send(&Reply::Failed(error)),
    };
    send(&Reply::Opened(About {
        model: describer.model().to_owned(),
        language: describer.language().to_owned(),
        engine: describer.engine().to_owned(),
        device: describer.device(),
    }))?;
    loop {
        // Whoever waited has the answer, and waits for this no more. What comes next waits for the pages to be made anew: less
        // than for each layer to make its own, which is how little memory was kept otherwise.
        descry_resident::give_back_heap();
        let Order::Describe { width, height, beam_width } = receive()? else { return Err(unexpected()) };
        let picture = receive_picture(&mut line.borrow_mut(), width, height)?;
        let broken = Cell::new(None);
        let is_called_off = || match send(&Reply::Asks).and_then(|()| receive()) {
            Ok(Order::GoOn(goes_on)) => !goes_on,
            other => {
                broken.set(Some(other.err().unwrap_or_else(unexpected)));
                true
            }
        };
        let result = describer.describe(&picture, beam_width, &is_called_off);
        if let Some(error) = broken.take() {
            return Err(error);
        }
        send(&match result {
            Ok(caption) => Reply::Described(caption.into()),
            Err(error) => Reply::Failed(error),
        })?;
        drop(picture);
    }
}

fn unexpected() -> LineError {
    LineError::Foreign("it is not its turn".to_owned())
}

fn receive_picture<S: Read + Write>(
    line: &mut Line<S>,
    width: u32,
    height: u32,
) -> Result<RgbImage, LineError> {
    let count = u64::from(width) * u64::from(height);
    if !(1..=MAXIMUM_PIXELS).contains(&count) {
        return Err(LineError::Foreign(format!("a picture of {width} x {height} pixels")));
    }
    let pixels = line.receive_pixels(count as usize * 3)?;
    // There are as many as it takes.
    RgbImage::from_raw(width, height, pixels).ok_or_else(unexpected)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::describer::fake::{Conduct, FakeDescriber};

    /// What becomes of a process that is told this after it has started.
    fn told(orders: &[Order], pixels: &[u8]) -> Result<(), LineError> {
        let (own, its) = UnixStream::pair().unwrap();
        let served =
            thread::spawn(move || serve(its, |_, _, _| Ok(Box::new(FakeDescriber::new(Conduct::Describe)))));
        let mut line = Line(own);
        for order in orders {
            line.send(order).unwrap();
        }
        line.send_pixels(pixels, std::time::Duration::MAX).unwrap();
        line.0.shutdown(std::net::Shutdown::Write).unwrap();
        io::copy(&mut line.0, &mut io::sink()).unwrap();
        served.join().unwrap()
    }

    #[test]
    fn it_ends_when_the_line_is_closed_and_when_it_is_told_nonsense() {
        let open = || {
            let opening = Opening::default();
            Order::Open(super::super::message::Open::new(Path::new("/m"), &opening))
        };
        let describe = |width, height| Order::Describe { width, height, beam_width: None };
        for orders in [vec![], vec![open()], vec![open(), describe(2, 1)]] {
            assert!(told(&orders, &[]).is_ok(), "{orders:?}");
        }
        assert!(told(&[open(), describe(2, 1)], &[1, 2, 3]).is_ok(), "half of a picture");
        assert!(told(&[open(), describe(2, 1)], &[1; 6]).is_ok(), "a whole one");
        for orders in [
            vec![Order::GoOn(true)],
            vec![describe(1, 1)],
            vec![open(), open()],
            vec![open(), Order::GoOn(true)],
            vec![open(), describe(0, 1)],
            vec![open(), describe(u32::MAX, u32::MAX)],
        ] {
            assert!(matches!(told(&orders, &[]), Err(LineError::Foreign(_))), "{orders:?}");
        }
        assert!(matches!(told(&[], b"\xff\xff\xff\xff"), Err(LineError::Foreign(_))));
    }
}
