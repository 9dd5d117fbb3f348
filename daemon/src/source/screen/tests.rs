//! What can be known of a screen without one.

use super::*;

fn capture(session: Session) -> String {
    let source = Box::new(ScreenSource::new(Target::Screen, session));
    source.capture(&Cancel::default()).unwrap_err().to_string()
}

#[test]
fn a_session_without_a_screen_says_what_to_do() {
    let display = |display: &str| Some(display.to_owned());
    for (session, expected) in [
        (Session::default(), "start it in your graphical session"),
        (
            Session { display: display("nonsense"), ..Session::default() },
            "the X server nonsense cannot be reached",
        ),
        (Session { display: display("localhost:65000"), ..Session::default() }, "cannot be reached"),
    ] {
        let error = capture(session.clone());
        assert!(error.contains(expected), "{session:?}: {error}");
    }
}

#[test]
fn regions_are_read() {
    let area = |x, y, width, height| Ok(Area { x, y, width, height });
    for (text, expected) in [
        ("0,0,640x480", area(0, 0, 640, 480)),
        (" -10, 20 , 30 X 40", area(-10, 20, 30, 40)),
        ("1,2,0x4", Err(RegionError::Empty)),
        ("1,2,4x0", Err(RegionError::Empty)),
        ("1,2,4", Err(RegionError::Shape)),
        ("1,2", Err(RegionError::Shape)),
        ("", Err(RegionError::Shape)),
        ("1,2,3,4x5", Err(RegionError::Shape)),
        ("1,2,-4x5", Err(RegionError::Shape)),
        ("1,2,4x99999999999", Err(RegionError::Shape)),
        ("a,b,cxd", Err(RegionError::Shape)),
    ] {
        assert_eq!(region(text), expected, "{text}");
    }
}
