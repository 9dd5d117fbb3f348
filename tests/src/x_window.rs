//! A program with a window that shows a picture, as far as a window manager and Descry can tell.

use anyhow::{Context, Result, ensure};
use image::RgbImage;
use x11rb::{
    connection::Connection,
    protocol::xproto::{
        AtomEnum, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt, CreateGCAux, CreateWindowAux,
        ImageFormat, InputFocus, MapState, PropMode, Window, WindowClass,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

use crate::{waiting::wait_until, x_server::XServer};

/// Bytes that are sent at once: less than the smallest limit of any server.
const STRIP_BYTES: usize = 128 << 10;

/// A window. It is closed when this value is dropped.
pub struct XWindow {
    connection: RustConnection,
    root: Window,
    window: Window,
}

impl XWindow {
    /// Opens a window of a picture's size that shows it, and waits until it is seen. With a window manager it is active
    /// then, and where the manager puts it; without one it is at the place that is given.
    pub fn open(
        server: &XServer,
        picture: &RgbImage,
        program: &str,
        title: &str,
        place: (i16, i16),
    ) -> Result<Self> {
        let (connection, root) = server.connect()?;
        let window = connection.generate_id()?;
        let (width, height) = (u16::try_from(picture.width())?, u16::try_from(picture.height())?);
        connection.create_window(
            x11rb::COPY_DEPTH_FROM_PARENT,
            window,
            root,
            place.0,
            place.1,
            width,
            height,
            0,
            WindowClass::INPUT_OUTPUT,
            x11rb::COPY_FROM_PARENT,
            &CreateWindowAux::new(),
        )?;
        let class = format!("{}\0{program}\0", program.to_lowercase());
        connection.change_property8(
            PropMode::REPLACE,
            window,
            AtomEnum::WM_CLASS,
            AtomEnum::STRING,
            class.as_bytes(),
        )?;
        let utf8 = connection.intern_atom(false, b"UTF8_STRING")?.reply()?.atom;
        let name = connection.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
        connection.change_property8(PropMode::REPLACE, window, name, utf8, title.as_bytes())?;
        let opened = Self { connection, root, window };
        opened.show(picture)?;
        opened.connection.map_window(window)?;
        opened.connection.sync()?;
        wait_until("the window to be seen", || {
            Ok(opened.connection.get_window_attributes(window)?.reply()?.map_state == MapState::VIEWABLE)
        })?;
        if opened.is_managed()? {
            wait_until("the window to be active", || Ok(opened.active()? == window))?;
        } else {
            opened.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?.check()?;
        }
        Ok(opened)
    }

    /// Makes the picture the window's ground, which the server paints by itself.
    fn show(&self, picture: &RgbImage) -> Result<()> {
        let (connection, window) = (&self.connection, self.window);
        let setup = connection.setup();
        let depth = setup.roots[0].root_depth;
        let bits = setup
            .pixmap_formats
            .iter()
            .find(|format| format.depth == depth)
            .context("no format")?
            .bits_per_pixel;
        let (width, height) = (picture.width() as u16, picture.height() as u16);
        let (pixmap, context) = (connection.generate_id()?, connection.generate_id()?);
        connection.create_pixmap(depth, pixmap, window, width, height)?;
        connection.create_gc(context, pixmap, &CreateGCAux::new())?;
        let rows = encode(picture, depth, bits)?;
        let row_bytes = rows.len() / usize::from(height);
        let mut top = 0;
        for strip in rows.chunks(row_bytes * (STRIP_BYTES / row_bytes)) {
            let count = (strip.len() / row_bytes) as u16;
            connection.put_image(
                ImageFormat::Z_PIXMAP,
                pixmap,
                context,
                width,
                count,
                0,
                top,
                0,
                depth,
                strip,
            )?;
            top += count as i16;
        }
        connection
            .change_window_attributes(window, &ChangeWindowAttributesAux::new().background_pixmap(pixmap))?
            .check()?;
        Ok(())
    }

    fn is_managed(&self) -> Result<bool> {
        let check = self.connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
        Ok(self.connection.get_property(false, self.root, check, AtomEnum::WINDOW, 0, 1)?.reply()?.value_len
            == 1)
    }

    fn active(&self) -> Result<Window> {
        let active = self.connection.intern_atom(false, b"_NET_ACTIVE_WINDOW")?.reply()?.atom;
        let property =
            self.connection.get_property(false, self.root, active, AtomEnum::WINDOW, 0, 1)?.reply()?;
        Ok(property.value32().and_then(|mut values| values.next()).unwrap_or(0))
    }

    /// Where the window is on the screen.
    pub fn place(&self) -> Result<(i16, i16)> {
        let place = self.connection.translate_coordinates(self.window, self.root, 0, 0)?.reply()?;
        Ok((place.dst_x, place.dst_y))
    }

    /// Moves the window so that its frame begins at a place, and waits until it has gone.
    pub fn move_to(&self, x: i32, y: i32) -> Result<()> {
        let before = self.place()?;
        self.connection.configure_window(self.window, &ConfigureWindowAux::new().x(x).y(y))?.check()?;
        wait_until("the window to move", || Ok(self.place()? != before))
    }

    /// Takes the window from the screen, as a window manager does that minimises it without saying so.
    pub fn hide(&self) -> Result<()> {
        self.connection.unmap_window(self.window)?.check()?;
        Ok(())
    }
}

/// The bytes of a picture's pixels as the server keeps them, rows of four bytes' multiples.
fn encode(picture: &RgbImage, depth: u8, bits: u8) -> Result<Vec<u8>> {
    ensure!(matches!((depth, bits), (16, 16) | (24 | 30, 32)), "pixels of {bits} bits and depth {depth}");
    let mut bytes = Vec::new();
    for row in picture.rows() {
        for pixel in row {
            let [red, green, blue] = pixel.0.map(u32::from);
            let ten = |value: u32| value << 2 | value >> 6;
            match depth {
                16 => bytes.extend((((red >> 3) << 11 | (green >> 2) << 5 | blue >> 3) as u16).to_le_bytes()),
                30 => bytes.extend((ten(red) << 20 | ten(green) << 10 | ten(blue)).to_le_bytes()),
                _ => bytes.extend((red << 16 | green << 8 | blue).to_le_bytes()),
            }
        }
        while bytes.len() % 4 != 0 {
            bytes.push(0);
        }
    }
    Ok(bytes)
}
