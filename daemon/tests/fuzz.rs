//! Every parser of what comes from outside, on inputs that are made up from good ones; `fuzz/` has the same for libFuzzer.

#[path = "../../models/tests/support/mutation.rs"]
mod mutation;

use std::{collections::HashMap, io::Cursor};

use descry_daemon::fuzzing::PARSERS;
use image::{ImageFormat, RgbImage};
use zbus::zvariant::{LE, Value, serialized, to_bytes};

/// Inputs for each parser in an ordinary run. A picture takes longer than a text.
const INPUTS: usize = 3000;
const PICTURES: usize = 600;

/// Good inputs of a parser, from which others are made.
fn corpus(parser: &str) -> Vec<Vec<u8>> {
    let texts: &[&str] = match parser {
        "ssip" => &[
            "\x05208 OK CLIENT NAME SET\r\n225-7\r\n225 OK MESSAGE QUEUED\r\n",
            "\x01701-7\r\n701-1\r\n701 BEGIN\r\n702-7\r\n702-1\r\n702 END\r\n",
            "\x40249-a\tb\tc\r\n249 OK VOICE LIST SENT\r\n302 ERR BAD SYNTAX\r\n700-1\r\n700-2\r\n700-mark\r\n700 INDEX MARK\r\n",
        ],
        "settings" => &[
            include_str!("../../README.md"),
            "model = \"/m\"\nengine = \"tract\"\nbeam_width = 3\nrate = -20\nlanguage = \"de-AT\"\nvoice = \"a\"\n",
            "minimum_confidence = 0.5\nidle_unload_seconds = 7\nspeech = \"none\"\ntext_languages = \"eng+deu\"\n",
        ],
        "screen_text" => &[
            "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
             5\t1\t1\t1\t1\t1\t36\t20\t100\t20\t96.1\tDepartures\n5\t1\t1\t1\t2\t1\t36\t50\t60\t20\t91\t10:15\n",
            "5\t1\t2\t1\t1\t1\t0\t0\t1\t1\t-1\t•••\n4\t1\t1\t1\t1\t0\t1\t2\t3\t4\t-1\t\n",
        ],
        "history" => &[
            "{\"captured_at\":1700000000000000,\"text\":\"A dog.\",\"language\":\"en\",\"wording\":\"Possibly a dog.\",\
             \"confidence\":0.5,\"band\":\"middle\",\"kind\":\"photo\",\"quality\":[\"dark\"],\
             \"alternatives\":[\"A cat.\"],\"tags\":[[\"dog\",0.75,true]],\"model\":\"m\",\"engine\":\"e\"}\n",
        ],
        "bundle" => &[
            include_str!("fixtures/manifest.toml"),
            "<pad>\n<start>\n<end>\n<unk>\na\ndog\nruns\n",
            "-\nSaluki\tdog\tanimal\ncrane (bird)\tbird\tanimal\nteapot\n",
        ],
        "spoken_text" => &[
            "I can't tell: see https://a.example/?b=c or call 030123456.\r\n.\r\nQUIT\r\n",
            "a dog runs\nAuf Englisch: a dog runs. Oder: A dog runs.\r\n.\r\nQUIT\r\n",
            "..\n.\u{2028}.\u{85}snake_case | ****** → me@b.example 犬\u{200b}",
        ],
        _ => &[],
    };
    let mut corpus: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    match parser {
        "picture" => corpus.extend(pictures()),
        "bus_options" => corpus.push(bus_options()),
        "model_line" => corpus.extend(model_lines()),
        _ => {}
    }
    corpus.push(Vec::new());
    corpus
}

/// A dictionary with every option of a description, as it goes over the bus.
fn bus_options() -> Vec<u8> {
    let options: HashMap<&str, Value<'_>> = HashMap::from([
        ("token", Value::from("a")),
        ("speak", Value::from(false)),
        ("detail", Value::from("brief")),
        ("beam-width", Value::from(3_u32)),
        ("want-words", Value::from(true)),
        ("timeout-ms", Value::from(1500_u32)),
        ("wait-until-spoken", Value::from(true)),
        ("area", Value::from((-5_i32, 7_i32, 40_u32, 30_u32))),
        ("session", Value::from(HashMap::from([("DISPLAY", ":0"), ("XDG_SESSION_TYPE", "x11")]))),
        ("from-the-future", Value::from(vec![(1_u8, "x")])),
    ]);
    let bytes =
        to_bytes(serialized::Context::new_dbus(LE, 0), &options).expect("a dictionary can be written");
    bytes.bytes().to_vec()
}

/// What goes over the line between the service and the process of its model, in frames.
fn model_lines() -> Vec<Vec<u8>> {
    let lines: [&[&str]; 2] = [
        &[
            r#""Started""#,
            r#"{"Opened":{"model":"m","language":"en","engine":"tract","device":"cpu"}}"#,
            r#""Asks""#,
            r#"{"Described":{"text":"a dog","tokens":[4,5],"confidence":1056964608,"band":"High","alternatives":["a cat"],
               "words":[["a",1065353216],["dog",1056964608]],"tags":[["dog",1056964608,true]]}}"#,
            r#"{"Failed":"Cancelled"}"#,
        ],
        &[
            r#"{"Open":{"folder":{"Unix":[47,109]},"engine":{"OnnxRuntime":{"library":null}},"device":null,
               "threads":2,"cache":null}}"#,
            r#"{"GoOn":true}"#,
            r#"{"Describe":{"width":3,"height":2,"beam_width":null}}"#,
        ],
    ];
    let frame = |message: &&str| [&(message.len() as u32).to_le_bytes(), message.as_bytes()].concat();
    lines.iter().map(|messages| messages.iter().flat_map(frame).collect()).collect()
}

fn pictures() -> Vec<Vec<u8>> {
    let picture = RgbImage::from_fn(24, 17, |x, y| image::Rgb([x as u8 * 9, y as u8 * 13, 70]));
    let formats = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
    ];
    let encode = |format| {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).expect("a picture can be encoded");
        file.into_inner()
    };
    formats.into_iter().map(encode).collect()
}

#[test]
fn no_input_makes_a_parser_panic() {
    for (name, parse) in PARSERS {
        mutation::try_parser(name, &corpus(name), if name == "picture" { PICTURES } else { INPUTS }, parse);
    }
}
