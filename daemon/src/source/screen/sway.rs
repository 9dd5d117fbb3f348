//! Which window of the compositor sway the person works in, and where it is: what a screenshot alone does not tell.
//!
//! Wayland shows no program where windows are. Sway tells it to whom may open its socket, with the protocol of i3: the
//! word `i3-ipc`, a length and a kind, each of four bytes in the machine's order, and JSON.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

use crate::frame::Area;

/// What a message begins with.
const MAGIC: &[u8; 6] = b"i3-ipc";

/// The kind of message that asks for all windows, and is answered with them.
const GET_TREE: u32 = 4;

/// How long sway may take to answer.
const LIMIT: Duration = Duration::from_secs(1);

/// Bytes of an answer that are taken. A hundred windows take about 100,000.
const MAXIMUM_ANSWER: u32 = 8 << 20;

/// What sway tells of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// All monitors together, in sway's own units, from left to right.
    pub(super) monitors: Vec<Area>,
    /// The window that has the keyboard, if one has.
    pub(super) active: Option<Active>,
}

/// A window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Active {
    /// Where what the program draws is, in sway's own units.
    pub(super) area: Area,
    pub(super) title: Option<String>,
    pub(super) application: Option<String>,
    pub(super) process: Option<u32>,
}

/// Asks sway. It blocks.
pub(super) fn layout(socket: &Path) -> io::Result<Layout> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let mut question = MAGIC.to_vec();
    question.extend(0_u32.to_ne_bytes());
    question.extend(GET_TREE.to_ne_bytes());
    stream.write_all(&question)?;
    let mut head = [0; 14];
    stream.read_exact(&mut head)?;
    let length = u32::from_ne_bytes([head[6], head[7], head[8], head[9]]);
    if !head.starts_with(MAGIC) || length > MAXIMUM_ANSWER {
        return Err(io::Error::other("this is not sway's answer"));
    }
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer)?;
    Ok(read(&serde_json::from_slice(&answer)?))
}

fn read(tree: &Value) -> Layout {
    // The scratchpad's windows lie on a monitor of their own, which nobody sees.
    let outputs = children(tree).filter(|node| node["type"] == "output" && node["name"] != "__i3");
    let mut monitors: Vec<Area> = outputs.filter_map(|output| area(&output["rect"])).collect();
    monitors.sort_by_key(|monitor| (monitor.x, monitor.y));
    let active = focused(tree).filter(|node| node["pid"].is_u64()).and_then(window);
    Layout { monitors, active }
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    let of = |key: &str| node[key].as_array().into_iter().flatten();
    of("nodes").chain(of("floating_nodes"))
}

fn focused(node: &Value) -> Option<&Value> {
    if node["focused"] == true { Some(node) } else { children(node).find_map(focused) }
}

fn window(node: &Value) -> Option<Active> {
    let outer = area(&node["rect"])?;
    // Within its frame, which is sway's.
    let inner = area(&node["window_rect"]).map(|inner| Area {
        x: outer.x.saturating_add(inner.x),
        y: outer.y.saturating_add(inner.y),
        ..inner
    });
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Active {
        area: inner.unwrap_or(outer),
        title: text(&node["name"]),
        application: text(&node["app_id"]).or_else(|| text(&node["window_properties"]["class"])),
        process: node["pid"].as_u64().and_then(|process| u32::try_from(process).ok()),
    })
}

/// A rectangle with at least one pixel.
fn area(value: &Value) -> Option<Area> {
    let number = |key: &str| value[key].as_i64().and_then(|number| i32::try_from(number).ok());
    let length = |key: &str| number(key).and_then(|number| u32::try_from(number).ok());
    let (width, height) = (length("width")?, length("height")?);
    (width > 0 && height > 0).then_some(Area { x: number("x")?, y: number("y")?, width, height })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rect(x: i32, y: i32, width: i32, height: i32) -> Value {
        json!({"x": x, "y": y, "width": width, "height": height})
    }

    #[test]
    fn the_window_with_the_keyboard_is_found() {
        let window = json!({
            "type": "floating_con", "focused": true, "pid": 77, "name": "Train times", "app_id": "firefox",
            "rect": rect(100, 60, 400, 300), "window_rect": rect(2, 20, 396, 278),
        });
        let workspace =
            json!({"type": "workspace", "focused": false, "nodes": [], "floating_nodes": [window]});
        let tree = json!({"type": "root", "nodes": [
            {"type": "output", "name": "__i3", "rect": rect(0, 0, 800, 600), "nodes": []},
            {"type": "output", "name": "B", "rect": rect(800, 0, 800, 600), "nodes": []},
            {"type": "output", "name": "A", "rect": rect(0, 0, 800, 600), "nodes": [workspace]},
        ]});
        let layout = read(&tree);
        let area = |x, y, width, height| Area { x, y, width, height };
        assert_eq!(layout.monitors, [area(0, 0, 800, 600), area(800, 0, 800, 600)]);
        let active = layout.active.unwrap();
        assert_eq!(active.area, area(102, 80, 396, 278));
        assert_eq!(active.title.as_deref(), Some("Train times"));
        assert_eq!((active.application.as_deref(), active.process), (Some("firefox"), Some(77)));
    }

    #[test]
    fn an_empty_workspace_has_no_window_and_odd_answers_have_none_either() {
        let idle = json!({"type": "root", "nodes": [{"type": "output", "name": "A", "rect": rect(0, 0, 8, 6),
            "nodes": [{"type": "workspace", "focused": true, "rect": rect(0, 0, 8, 6)}]}]});
        assert_eq!(read(&idle).active, None);
        for odd in [
            json!(null),
            json!([]),
            json!({"nodes": 3, "focused": true, "pid": 1, "rect": rect(0, 0, -1, 2)}),
        ] {
            assert_eq!(read(&odd), Layout { monitors: Vec::new(), active: None }, "{odd}");
        }
    }
}
