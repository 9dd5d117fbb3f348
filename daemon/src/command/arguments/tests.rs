//! What is taken, and what is refused.

use clap::CommandFactory;
use descry_models::manifest::MAXIMUM_BEAM_WIDTH;

use super::*;

#[test]
fn the_command_line_is_sound() {
    Arguments::command().debug_assert();
    assert_eq!(MAXIMUM_BEAM_WIDTH, 64, "the help says 64");
}

#[test]
fn settings_of_its_own_keep_a_request_in_this_process() {
    for (line, forced) in [
        ("descry describe a.jpg", false),
        ("descry describe a.jpg --json --no-speech --beam-width 2", false),
        ("descry describe a.jpg --no-service", true),
        ("descry describe --engine tract -", true),
        ("descry describe --model x a.jpg", true),
        ("descry describe --onnxruntime x a.jpg", true),
        ("descry describe --window", false),
        ("descry describe --window --text-languages deu", true),
        ("descry describe --camera", false),
        ("descry describe --camera Front --no-service", true),
    ] {
        let Command::Describe(describe) = Arguments::parse_from(line.split(' ')).command else {
            panic!("{line} describes")
        };
        assert_eq!(describe.is_forced_here(), forced, "{line}");
    }
}

#[test]
fn only_what_may_run_a_network_is_made_ready_for_one() {
    for (line, may) in [
        ("descry describe a.jpg", true),
        ("descry check", true),
        ("descry bench", true),
        ("descry status", false),
        ("descry generate man /tmp", false),
        ("descry config check", false),
    ] {
        assert_eq!(Arguments::parse_from(line.split(' ')).command.may_run_a_network(), may, "{line}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for line in [
        "descry",
        "descry describe",
        "descry describe --beam-width 0 a",
        "descry describe --engine gpu a",
        "descry repeat it",
        "descry history --clear --json",
        "descry config",
        "descry generate completions cmd",
        "descry check it",
        "descry narrate it",
        "descry narrate --interval 0.1",
        "descry narrate --per-minute 0",
        "descry describe --screen a",
        "descry describe --screen --window",
        "descry describe --window --region 0,0,1x1",
        "descry describe --region 0,0,0x10",
        "descry describe --region 0,0,10",
        "descry describe --screen --detail much",
        "descry describe --camera --screen",
        "descry describe --camera Front a.jpg",
        "descry cameras Front",
    ] {
        assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}

#[test]
fn a_part_of_the_screen_takes_the_place_of_files() {
    let region = Area { x: -5, y: 20, width: 300, height: 200 };
    for (line, target) in [
        ("descry describe a.jpg", None),
        ("descry describe --screen", Some(Target::Screen)),
        ("descry describe --window --json --text-languages eng+chi_sim", Some(Target::Window)),
        ("descry describe --region=-5,20,300x200 --detail full", Some(Target::Region(region))),
    ] {
        let Command::Describe(describe) = Arguments::parse_from(line.split(' ')).command else {
            panic!("{line} describes")
        };
        assert_eq!(describe.look.target(), target, "{line}");
    }
}

#[test]
fn a_camera_is_named_or_not() {
    for (line, camera) in [
        ("descry describe a.jpg", None),
        ("descry describe --camera", Some(None)),
        ("descry describe --camera --json", Some(None)),
        ("descry describe --camera Front --json", Some(Some("Front"))),
        ("descry describe --camera=Front", Some(Some("Front"))),
    ] {
        let Command::Describe(describe) = Arguments::parse_from(line.split(' ')).command else {
            panic!("{line} describes")
        };
        assert_eq!(describe.look.camera(), camera, "{line}");
    }
}
