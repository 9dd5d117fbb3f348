#!/usr/bin/env python3
"""Makes pictures that are no photographs: pages and screens, drawn by headless Chromium from pages written here.

    make_screens.py --photos DIR --output DIR [--count 600] [--seed 1] [--only wallpapered]

Needs `chromium` and Pillow. `DIR/text/` gets what is all but text (documents, code, mail, tables), `DIR/screen/` what is
a screen with more on it (web pages, windows, desktops). The photos fill the pictures in pages and some wallpapers. Many
sheets are drawn at once, as frames of one long page that is then cut up.
"""

import argparse
import html
import pathlib
import random
import shutil
import subprocess
import tempfile

from PIL import Image, ImageChops, ImageFilter

SIZES = [(1280, 800), (1920, 1080), (1366, 768), (1024, 768), (800, 600), (640, 480), (480, 800), (390, 844),
         (768, 1024), (600, 400), (900, 1200), (320, 240), (1000, 300), (1600, 900), (500, 500)]
FONTS = ["serif", "sans-serif", "monospace", "DejaVu Sans", "Liberation Serif", "DejaVu Serif", "Liberation Mono"]
WORDS = ("the of and to in a is that it was for on are with as his they be at one have this from or had by not but "
         "what all were when we there can an your which their said if do will each about how up out them then she many "
         "some so these would other into has more her two like him see time could no make than first been its who now "
         "people my made over did down only way find use may water long little very after words called just where most "
         "know get through back much before go good new write our used me man too any day same right look think also "
         "around another came come work three word must because does part even place well such here take why things help "
         "put years different away again off went old number great tell men say small every found still between name "
         "should home big give air line set own under read last never us left end along while might next sound below "
         "settings account invoice total report quarter network download password message calendar Monday version "
         "Berlin London privacy search results advertisement subscribe article weather election").split()
CODE = ["fn main() {", "    let mut total = 0;", "    for (index, value) in values.iter().enumerate() {",
        "        total += value * index as i64;", "    }", "}", "", "def read(path):", "    with open(path) as file:",
        "        return [line.strip() for line in file]", "#include <stdio.h>", "int main(int argc, char **argv)",
        "if (window.closed) return;", "const result = await fetch(url, { method: 'POST' });", "// nothing to do here",
        "SELECT name, count(*) FROM users GROUP BY name;", "drwxr-xr-x  2 user user  4096 Nov 12 10:33 documents",
        "-rw-r--r--  1 user user 18223 Nov 12 10:33 notes.txt", "$ cargo build --release", "warning: unused variable"]


class Maker:
    def __init__(self, rng, photos, folder):
        self.rng, self.photos, self.folder, self.wallpapers = rng, photos, folder, 0

    def words(self, least, most):
        return " ".join(self.rng.choice(WORDS) for _ in range(self.rng.randint(least, most)))

    def sentence(self, least=5, most=18):
        return self.words(least, most).capitalize() + "."

    def paragraph(self, most=7):
        return " ".join(self.sentence() for _ in range(self.rng.randint(1, most)))

    def photo(self, style=""):
        path = self.rng.choice(self.photos)
        return f'<img src="{path.as_uri()}" style="object-fit:cover;{style}">'

    def colour(self, dark=None):
        rng = self.rng
        dark = rng.random() < 0.5 if dark is None else dark
        return f"hsl({rng.randrange(360)},{rng.choice([0, 5, 15, 40, 80])}%,{rng.randint(4, 28) if dark else rng.randint(72, 97)}%)"

    def theme(self):
        """Background, text, accent, line."""
        rng = self.rng
        if rng.random() < 0.4:
            back = rng.choice(["#1e1e1e", "#000", "#0d1117", "#282a36", "#002b36", "#2b2b2b", "#121212", self.colour(True)])
            return back, rng.choice(["#ddd", "#fff", "#abb2bf", "#839496", "#0f0"]), rng.choice(["#3794ff", "#bb86fc", "#f44", "#2a2"]), "#444"
        back = rng.choice(["#fff", "#fff", "#fff", "#fafafa", "#f4f1ea", "#eee", "#fdf6e3", self.colour(False)])
        return back, rng.choice(["#000", "#222", "#444", "#333"]), rng.choice(["#06c", "#d33", "#080", "#639", "#f60"]), "#ccc"

    def body(self, inner, back, text, font=None, size=None, style=""):
        font = font or self.rng.choice(FONTS)
        size = size or self.rng.choice([9, 10, 11, 12, 13, 14, 14, 15, 16, 16, 18, 20, 24])
        return (f"<html><body style='margin:0;background:{back};color:{text};font:{size}px {font};overflow:hidden;{style}'>"
                f"{inner}</body></html>")

    # --- all but text ---

    def document(self):
        rng = self.rng
        back, text, accent, _ = self.theme()
        columns = rng.choice([1, 1, 1, 2, 3])
        parts = []
        for _ in range(rng.choice([2, 4, 12, 30, 60])):
            if rng.random() < 0.2:
                parts.append(f"<h{rng.randint(1, 3)} style='color:{rng.choice([text, accent])}'>{self.words(2, 7).capitalize()}</h2>")
            elif rng.random() < 0.15:
                parts.append("<ul>" + "".join(f"<li>{self.sentence()}" for _ in range(rng.randint(2, 8))) + "</ul>")
            else:
                parts.append(f"<p>{self.paragraph()}")
        align = rng.choice(["left", "justify", "left", "center"])
        return self.body(f"<div style='columns:{columns};text-align:{align};line-height:{rng.choice([1.1, 1.3, 1.6, 2])}'>" + "".join(parts) + "</div>",
                         back, text, style=f"padding:{rng.choice([5, 20, 60, 100])}px")

    def code(self):
        rng = self.rng
        back, text, accent, _ = self.theme()
        lines = []
        for number in range(1, rng.choice([6, 20, 60, 90])):
            line = html.escape(rng.choice(CODE) if rng.random() < 0.8 else "    " * rng.randint(0, 4) + self.words(2, 12))
            parts = [f"<span style='color:{self.colour(False) if rng.random() < .4 else text}'>{part}</span>" for part in line.split(" ")]
            lines.append((f"<span style='color:#888'>{number:4} </span>" if rng.random() < 0.9 else "") + " ".join(parts))
        return self.body("<pre style='margin:4px'>" + "\n".join(lines) + "</pre>", back, text, "monospace", style=f"border-left:{rng.choice([0, 0, 40, 180])}px solid {self.colour()}")

    def table(self):
        rng = self.rng
        back, text, accent, line = self.theme()
        columns = rng.randint(3, 14)
        head = "".join(f"<th style='background:{accent};color:#fff;padding:3px 8px'>{self.words(1, 2)}" for _ in range(columns))
        rows = []
        for index in range(rng.choice([5, 20, 60])):
            cells = "".join(f"<td style='border:1px solid {line};padding:2px 8px'>{rng.choice([self.words(1, 3), str(rng.randint(0, 99999)), ''])}" for _ in range(columns))
            rows.append(f"<tr style='background:{'rgba(128,128,128,.1)' if index % 2 else 'none'}'>{cells}")
        return self.body(f"<table style='border-collapse:collapse;width:100%'><tr>{head}{''.join(rows)}</table>", back, text, style=f"padding:{rng.choice([0, 10, 40])}px")

    def mail(self):
        rng = self.rng
        back, text, accent, line = self.theme()
        folders = "".join(f"<div style='padding:6px'>{self.words(1, 2).capitalize()}</div>" for _ in range(10))
        mails = "".join(f"<div style='border-bottom:1px solid {line};padding:6px'><b>{self.words(2, 2)}</b><br>{self.sentence(3, 7)}</div>" for _ in range(20))
        return self.body(f"<div style='background:{accent};color:#fff;padding:8px'>{self.words(3, 8)}</div><div style='display:flex'>"
                         f"<div style='width:15%;background:rgba(128,128,128,.15)'>{folders}</div><div style='width:30%;border-right:1px solid {line}'>{mails}</div>"
                         f"<div style='flex:1;padding:15px'><h2>{self.words(3, 6)}</h2>{'<p>'.join(self.paragraph() for _ in range(5))}</div></div>", back, text)

    def sign(self):
        """A few large words: a slide, a letterhead, a short notice."""
        rng = self.rng
        back, text, accent, _ = self.theme()
        bullets = "".join(f"<li>{self.words(2, 6)}" for _ in range(rng.randint(0, 6)))
        return self.body(f"<h1 style='color:{accent}'>{self.words(1, 6).capitalize()}</h1><ul>{bullets}</ul>", back, text, size=rng.choice([20, 28, 40, 60]),
                         style=f"padding:{rng.choice([10, 40, 100])}px;text-align:{rng.choice(['left', 'center'])}")

    # --- screens with more on them ---

    def web(self):
        rng = self.rng
        back, text, accent, line = self.theme()
        nav = "".join(f"<span style='padding:12px;color:#fff'>{self.words(1, 1)}</span>" for _ in range(6))
        hero = self.photo(f"width:100%;height:{rng.randint(80, 420)}px;display:block") if rng.random() < 0.5 else ""
        cards = []
        for _ in range(rng.choice([3, 6, 12, 24])):
            picture = self.photo(f"width:100%;height:{rng.choice([80, 120, 160])}px") if rng.random() < 0.6 else ""
            cards.append(f"<div style='border:1px solid {line};border-radius:{rng.choice([0, 4, 12])}px;overflow:hidden'>{picture}<div style='padding:8px'><b>{self.words(2, 6)}</b><p>{self.sentence()}</div></div>")
        return self.body(f"<div style='background:{rng.choice([accent, '#222', '#fff'])};border-bottom:1px solid {line}'>{nav}</div>{hero}"
                         f"<div style='padding:{rng.choice([8, 24])}px;display:grid;gap:{rng.choice([6, 14, 24])}px;grid-template-columns:repeat({rng.choice([1, 2, 3, 4, 5])},1fr)'>{''.join(cards)}</div>", back, text)

    def article(self):
        rng = self.rng
        back, text, accent, _ = self.theme()
        parts = [f"<h1>{self.words(3, 8)}</h1>"]
        for _ in range(8):
            parts.append(f"<p>{self.paragraph()}")
            if rng.random() < 0.4:
                parts.append(self.photo(f"width:{rng.choice([40, 60, 100])}%;height:{rng.randint(100, 320)}px;float:{rng.choice(['left', 'right', 'none'])};margin:8px"))
        side = "".join(f"<p><a style='color:{accent}'>{self.words(2, 6)}</a>" for _ in range(20))
        return self.body(f"<div style='display:flex'><div style='flex:3;padding:20px'>{''.join(parts)}</div><div style='flex:1;background:rgba(128,128,128,.12);padding:10px'>{side}</div></div>", back, text)

    def form(self):
        rng = self.rng
        back, text, accent, line = self.theme()
        rows = "".join(f"<p>{self.words(1, 4)}<br><input style='width:{rng.randint(30, 95)}%' value='{self.words(0, 3)}'> <input type={rng.choice(['checkbox', 'radio', 'range', 'button'])} {rng.choice(['checked', ''])}>" for _ in range(rng.randint(2, 14)))
        return self.body(f"<h3 style='background:{accent};color:#fff;margin:0;padding:8px'>{self.words(1, 3)}</h3><div style='padding:16px'>{rows}<progress value=.{rng.randint(1, 9)}></progress> <button>OK</button> <button>Cancel</button></div>", back, text)

    def dashboard(self):
        rng = self.rng
        back, text, accent, line = self.theme()
        panels = []
        for _ in range(rng.randint(2, 9)):
            bars = "".join(f"<rect x={index * 12} y={100 - (height := rng.randint(5, 100))} width=9 height={height} fill='{rng.choice([accent, '#fa0', '#0aa'])}'/>" for index in range(16))
            points = " ".join(f"{index * 12},{rng.randint(5, 95)}" for index in range(17))
            curve = f"<polyline points='{points}' fill=none stroke='{accent}' stroke-width=2 />"
            pie = f"<circle cx=100 cy=50 r=45 fill='{accent}'/><path d='M100 50 L145 50 A45 45 0 0 1 80 90 Z' fill='#fa0'/>"
            panels.append(f"<div style='border:1px solid {line};padding:6px'>{self.words(1, 4)}<svg viewBox='0 0 200 100' width=100%>{rng.choice([bars, curve, pie])}</svg><b>{rng.randint(1, 9999)}</b></div>")
        return self.body(f"<div style='display:grid;gap:8px;padding:8px;grid-template-columns:repeat({rng.randint(1, 4)},1fr)'>{''.join(panels)}</div>", back, text)

    def files(self):
        rng = self.rng
        back, text, accent, line = self.theme()
        size = rng.choice([16, 32, 48, 80])
        icons = []
        for _ in range(rng.choice([8, 40, 100])):
            shape = self.photo(f"width:{size}px;height:{size}px") if rng.random() < 0.25 else f"<div style='margin:auto;width:{size}px;height:{size * 3 // 4}px;background:{rng.choice([accent, '#fc6', '#6af', '#ddd'])};border-radius:4px'></div>"
            icons.append(f"<div style='text-align:center;padding:6px'>{shape}<small>{self.words(1, 2)}</small></div>")
        side = "".join(f"<div style='padding:5px'>{self.words(1, 1)}</div>" for _ in range(12))
        return self.body(f"<div style='background:{line};padding:7px'>&#9664; &#9654; <span style='background:{back};padding:2px 90px'>/home/user/{self.words(1, 1)}</span></div><div style='display:flex'><div style='width:16%;background:rgba(128,128,128,.2)'>{side}</div>"
                         f"<div style='flex:1;display:grid;grid-template-columns:repeat(auto-fill,minmax({size + 40}px,1fr))'>{''.join(icons)}</div></div>", back, text)

    def chat(self):
        rng = self.rng
        back, text, accent, _ = self.theme()
        messages = []
        for _ in range(20):
            mine = rng.random() < 0.5
            inner = self.photo("width:160px;height:110px") if rng.random() < 0.1 else self.sentence(2, 14)
            messages.append(f"<div style='margin:8px;text-align:{'right' if mine else 'left'}'><span style='display:inline-block;max-width:70%;padding:8px;border-radius:12px;background:{accent if mine else 'rgba(128,128,128,.25)'}'>{inner}</span></div>")
        return self.body("".join(messages), back, text)

    def window(self):
        back, text, accent, line = self.theme()
        return f"<div style='background:{accent};color:#fff;font:13px sans-serif;padding:5px'>{self.words(1, 4)}<span style='float:right'>&#8211; &#9633; &#10005;</span></div>"

    def desktop(self):
        rng = self.rng
        kind = rng.random()
        if kind < 0.4:
            wallpaper = self.colour()
        elif kind < 0.75:
            wallpaper = f"{rng.choice(['linear', 'radial'])}-gradient({self.colour()},{self.colour()})"
        else:
            wallpaper = f"url({rng.choice(self.photos).as_uri()}) center/cover"
        least = 0 if kind < 0.75 else 1
        windows = []
        for _ in range(rng.randint(least, 4)):
            inner = html.escape(rng.choice([self.document, self.code, self.table, self.form, self.files, self.chat, self.web])(), quote=True)
            windows.append(f"<div style='position:absolute;left:{rng.randint(0, 50)}%;top:{rng.randint(0, 45)}%;width:{rng.randint(35, 85)}%;height:{rng.randint(40, 85)}%;box-shadow:0 0 12px #000;display:flex;flex-direction:column'>"
                           f"{self.window()}<iframe srcdoc=\"{inner}\" style='flex:1;border:0;background:#fff'></iframe></div>")
        icons = "".join(f"<div style='width:70px;text-align:center;color:#fff;font:11px sans-serif;margin:14px 6px'><div style='margin:auto;width:40px;height:36px;background:{self.colour(False)};border-radius:6px'></div>{self.words(1, 1)}</div>" for _ in range(rng.randint(0, 7)))
        edge = rng.choice(["top:0", "bottom:0"])
        bar = f"<div style='position:absolute;{edge};width:100%;height:{rng.choice([24, 32, 44])}px;background:{self.colour(True)};color:#fff;font:13px sans-serif;line-height:30px'>&nbsp; {self.words(2, 8)} <span style='float:right'>10:{rng.randint(10, 59)} &nbsp;</span></div>"
        return f"<html><body style='margin:0;height:100vh;overflow:hidden;background:{wallpaper}'>{icons}{''.join(windows)}{bar}</body></html>"

    # --- desktops whose wallpaper is a photo ---

    def wallpaper(self):
        """As people set one: filling the screen, in the middle of it, or again and again; as sharp as a camera is, or soft."""
        rng = self.rng
        photo = Image.open(rng.choice(self.photos)).convert("RGB")
        if rng.random() < 0.25:
            url = self.kept(photo)
            return f"{self.colour()} url({url}) {rng.choice(['0 0', '50% 50%'])}/{rng.choice([60, 120, 224, 224, 400])}px {rng.choice(['repeat', 'repeat', 'repeat-x'])}"
        side = rng.choice([600, 1000, 1600])
        large = photo.resize((side, side * photo.height // photo.width), rng.choice([Image.BICUBIC, Image.LANCZOS]))
        if rng.random() < 0.7:
            large = large.filter(ImageFilter.UnsharpMask(rng.choice([1, 2, 4]), rng.randint(80, 300), 1))
            grain = Image.effect_noise(large.size, rng.uniform(2, 16))
            large = ImageChops.add(large, Image.merge("RGB", [grain] * 3), 1, -128)
        return f"{self.colour()} url({self.kept(large)}) center/{rng.choice(['cover', 'cover', 'cover', 'contain', 'auto'])} no-repeat"

    def kept(self, picture):
        self.wallpapers += 1
        path = self.folder / f"wallpaper-{self.wallpapers}.jpg"
        picture.save(path, quality=self.rng.randint(75, 95))
        return path.as_uri()

    def small_window(self):
        """What lies over a wallpaper: a dialog, a menu, a calculator, a notice, or a window of any other kind."""
        rng = self.rng
        back, text, accent, line = self.theme()
        border = f"border:{rng.choice([0, 1, 1, 2, 4])}px solid {rng.choice([line, accent, '#000', '#888'])};border-radius:{rng.choice([0, 0, 0, 6, 12])}px;overflow:hidden"
        place = f"position:absolute;left:{rng.randint(0, 75)}%;top:{rng.randint(0, 70)}%;{border};background:{back};color:{text};font:{rng.choice([11, 13, 15])}px {rng.choice(FONTS)}"
        if rng.random() < 0.6:
            place += f";box-shadow:0 {rng.randint(0, 6)}px {rng.randint(0, 24)}px rgba(0,0,0,.6)"
        button = f"display:inline-block;border:1px solid {line};background:rgba(128,128,128,.15);padding:{rng.choice([3, 6, 10])}px;margin:2px;text-align:center"
        kind = rng.choice(["dialog", "menu", "keys", "notice", "full", "full", "full"])
        if kind == "dialog":
            return f"<div style='{place}'>{self.window()}<div style='padding:14px'>{self.sentence()}<p align=right><span style='{button}'>Cancel</span><span style='{button}'>OK</span></div></div>"
        if kind == "menu":
            rows = "".join(f"<div style='padding:4px 30px 4px 12px;border-bottom:{rng.choice([0, 0, 1])}px solid {line}'>{self.words(1, 3)}</div>" for _ in range(rng.randint(4, 14)))
            return f"<div style='{place}'>{rows}</div>"
        if kind == "keys":
            keys = "".join(f"<span style='{button};width:{rng.choice([26, 40])}px'>{rng.choice('0123456789+-*/=.C')}</span>{'<br>' if index % 4 == 3 else ''}" for index in range(20))
            return f"<div style='{place};white-space:nowrap'>{self.window()}<div style='text-align:right;padding:6px;border:1px inset {line};font-size:24px'>{rng.randint(0, 99999)}</div>{keys}</div>"
        if kind == "notice":
            return f"<div style='{place};padding:10px;opacity:{rng.choice([1, 1, .9])}'><b>{self.words(1, 4)}</b><br>{self.sentence()}</div>"
        inner = html.escape(rng.choice([self.document, self.code, self.table, self.form, self.files, self.chat, self.web])(), quote=True)
        return (f"<div style='{place};width:{rng.randint(15, 60)}%;height:{rng.randint(15, 60)}%;display:flex;flex-direction:column'>{self.window()}"
                f"<iframe srcdoc=\"{inner}\" style='flex:1;border:0;background:#fff'></iframe></div>")

    def wallpapered(self):
        rng = self.rng
        size = rng.choice([32, 40, 48, 64])
        icons = []
        for _ in range(rng.choice([0, 0, 3, 8, 20])):
            shape = f"<div style='margin:auto;width:{size}px;height:{size * rng.choice([3, 4]) // 4}px;background:{self.colour(False)};border:{rng.choice([0, 1, 3])}px solid {self.colour()};border-radius:{rng.choice([0, 4, 20])}px'></div>"
            icons.append(f"<div style='width:{size + 34}px;text-align:center;color:#fff;font:{rng.choice([11, 12, 14])}px sans-serif;margin:10px 4px;text-shadow:1px 1px 2px #000'>{shape}{self.words(1, 2)}</div>")
        windows = [self.small_window() for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        panels = []
        for edge in rng.choice([["top"], ["bottom"], ["bottom"], ["top", "bottom"], ["left"], ["dock"], []] if windows else [["top"], ["bottom"], ["top", "dock"], ["left"]]):
            back = rng.choice([self.colour(), self.colour(True), "#000", "#ddd", "rgba(0,0,0,.5)", "rgba(255,255,255,.6)"])
            thick = rng.choice([24, 28, 34, 44, 60])
            parts = "".join(f"<span style='display:inline-block;background:{self.colour()};width:{thick - 8}px;height:{thick - 8}px;margin:4px'></span>" for _ in range(rng.randint(1, 9)))
            where = {"left": f"left:0;top:0;height:100%;width:{thick}px", "dock": f"bottom:6px;left:{rng.randint(15, 35)}%;height:{thick}px;border-radius:8px"}.get(edge, f"{edge}:0;left:0;width:100%;height:{thick}px")
            label = "" if edge in ("left", "dock") else f"<span style='vertical-align:{thick // 3}px'>{self.words(1, 8)}</span><span style='position:absolute;right:8px;top:{thick // 4}px'>{self.words(0, 3)} 10:{rng.randint(10, 59)}</span>"
            panels.append(f"<div style='position:absolute;{where};background:{back};color:{rng.choice(['#fff', '#fff', '#000'])};font:{rng.choice([12, 13, 15])}px sans-serif;overflow:hidden'>{parts}{label}</div>")
        return (f"<html><body style='margin:0;height:100vh;overflow:hidden;background:{self.wallpaper()}'><div style='display:flex;flex-direction:column;flex-wrap:wrap;height:90%;align-content:flex-start'>"
                f"{''.join(icons)}</div>{''.join(windows)}{''.join(panels)}</body></html>")

    def one(self, only=None):
        kind = only or self.rng.choice(["document", "document", "code", "code", "table", "mail", "sign", "web", "web", "article", "form", "dashboard",
                                        "files", "chat", "desktop", "desktop", "desktop"])
        return ("text" if kind in ("document", "code", "table", "mail", "sign") else "screen"), kind, getattr(self, kind)()


def draw(page, width, height, scale, picture):
    """Has Chromium draw a page, with a profile of its own that is thrown away."""
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                   "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--allow-file-access-from-files", f"--user-data-dir={profile}",
                   f"--force-device-scale-factor={scale}", f"--window-size={width},{height}", f"--screenshot={picture}", page.as_uri()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["wallpapered"], help="desktops whose wallpaper is a photo, and nothing else")
    arguments = parser.parse_args()
    if not shutil.which("chromium"):
        parser.error("there is no chromium")
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        make(arguments, Maker(rng, sorted(arguments.photos.resolve().glob("*.jpg")), pathlib.Path(folder)))


def make(arguments, maker):
    """Many sheets in each page that Chromium draws, until there are enough."""
    rng = maker.rng
    for folder in ("text", "screen"):
        (arguments.output / folder).mkdir(parents=True, exist_ok=True)
    done = 0
    while done < arguments.count:
        scale = rng.choice([1, 1, 1, 1.25, 2])
        sheets, top, widest = [], 0, 0
        while len(sheets) < 12 and done + len(sheets) < arguments.count and top < 7000:
            width, height = rng.choice(SIZES)
            sheets.append((top, width, height, *maker.one(arguments.only)))
            top, widest = top + height, max(widest, width)
        frames = "".join(f"<iframe srcdoc=\"{html.escape(page, quote=True)}\" style='position:absolute;border:0;left:0;top:{at}px;width:{width}px;height:{height}px'></iframe>"
                         for at, width, height, _, _, page in sheets)
        with tempfile.TemporaryDirectory() as folder:
            page, picture = pathlib.Path(folder) / "page.html", pathlib.Path(folder) / "page.png"
            page.write_text(f"<html><body style='margin:0'>{frames}</body></html>")
            draw(page, widest, top, scale, picture)
            whole = Image.open(picture).convert("RGB")
            for at, width, height, label, kind, _ in sheets:
                box = [round(side * scale) for side in (0, at, width, at + height)]
                whole.crop(box).save(arguments.output / label / f"{done:05}-{kind}.png", compress_level=3)
                done += 1
        print(f"{done} of {arguments.count}", flush=True)


main()
