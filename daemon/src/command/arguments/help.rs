//! What stands at the end of the help of each command: examples, what else there is to know, and the exit status.

pub(super) const ALL: &str = "\
Examples:
  descry describe cat.jpg     print and speak what a picture shows
  descry describe --window    the window that you work in
  descry again                what else could it be?
  descry pause                look at nothing, until descry resume
  descry check                does all work that Descry needs, and what to do if not?

What is printed is sentences, or JSON with --json. Exit status: 0 when it was done, 1 when it was not, 2 when arguments or \
settings are wrong, 3 when the model cannot be used or the service does not run; each command's own help says more.

Descry is made for knowing what is in a picture. It is wrong at times, and it is not an aid for mobility or against \
hazards: do not rely on it to move about.";

pub(super) const DESCRIBE: &str = "\
Examples:
  descry describe cat.jpg            print and speak what it shows
  descry describe --json holiday/    all pictures of a folder, for programs
  descry describe - < cat.jpg        from standard input
  descry describe --window           the window that you work in
  descry describe --camera           what the camera sees

Of a screen it says first the program and the window, then its text, then its pictures with their places: 300 characters \
of the text, all of it with --detail full. Text is read by Tesseract, where it is installed (package tesseract-ocr). \
On Wayland the desktop's portal shows the screen; the file in which it does is deleted at once. Fields for passwords are \
not read. The service is asked where it runs, unless it belongs to another session.

A camera runs only as long as it takes to describe one picture of it. descry cameras lists those that there are.

Exit status: 0 when all pictures were described, 1 when at least one was not, 2 when the arguments or settings are \
wrong, 3 when the model or its engine cannot be used, or the service is paused.

The model is looked for in $XDG_DATA_HOME/descry/models, /usr/local/share/descry/models, /usr/share/descry/models, \
../share/descry/models beside this program, and last where it was built. Settings are read from \
/etc/descry/descry.toml and $XDG_CONFIG_HOME/descry/descry.toml, and from variables that are named after them, such as \
DESCRY_MODEL; descry config check prints them all.

Descry is made for knowing what is in a picture. It is wrong at times, and it is not an aid for mobility or against \
hazards: do not rely on it to move about.";

pub(super) const NARRATE: &str = "\
What is in sight is said once it has come to rest, and then each time when it is another: the subject alone while the \
camera moves, all of it while it rests. What was just said is not said again. That it is dark, or that something covers \
the lens, is said once. Narration gives way to answers that are asked for. descry pause lets the camera go; descry resume \
goes on.

Examples:
  descry narrate                        by the only camera
  descry narrate --interval 10          a sentence every ten seconds at most
  descry narrate --camera rear --json   for programs

Exit status: 0 when it was ended with Ctrl-C, 1 when it could not begin or go on, 2 when the arguments or settings are \
wrong, 3 when the model or its engine cannot be used.

This is no aid for mobility or against hazards: it comes late, it is wrong at times, and it says nothing of what it does \
not notice. Do not rely on it to move about.";

pub(super) const ASK: &str = "\
Exit status: 0 when the service did it, 1 when there was nothing to do it with, 3 when the service does not run.";

pub(super) const AGAIN: &str = "\
A second sentence about the same picture is the best way to notice that the first may be wrong. After the last one the \
first comes again.

Examples:
  descry describe cat.jpg     what is it?
  descry again                what else could it be?
  descry again --no-speech    the next one, printed only

Exit status: 0 when the service did it, 1 when there was nothing to do it with, 3 when the service does not run.";

pub(super) const HISTORY: &str = "\
The service remembers 50 descriptions for each program that asked and 500 in all, in memory alone, until it ends. With the \
setting keep_history = true they are kept on disk too, at most 1 MiB in $XDG_STATE_HOME/descry/history.jsonl, which only \
you can read; --clear removes that, and so does setting it to false again.

Examples:
  descry history --count 3    the newest three
  descry history --json       all fields, for programs
  descry history --clear      forget them

Exit status: 0 when the service answered, 3 when it does not run.";

pub(super) const STATUS: &str = "\
Examples:
  descry status               in sentences
  descry status --json        for programs; {\"running\":false} when it does not run

Exit status: 0 when the service runs, 3 when it does not.";

pub(super) const CAMERAS: &str = "\
Each line is a camera's name, then in brackets what it is known by wherever it is plugged in, then its device, which may \
change. The one that is looked through when no other is named comes with a star.

Examples:
  descry cameras              which there are
  descry cameras --json       for programs

Exit status: 0 when there is a camera, 1 when there is none, 2 when the settings are wrong.";

pub(super) const CONFIG_CHECK: &str = "\
Settings are read from /etc/descry/descry.toml, $XDG_CONFIG_HOME/descry/descry.toml and the environment, each over the \
one before. The service reads them again when it is told to: systemctl --user reload descryd

Example:
  descry config check         what holds, and why

Exit status: 0 when all settings can be used, 2 when one cannot.";

pub(super) const GENERATE: &str = "\
Examples:
  descry generate completions bash > ~/.local/share/bash-completion/completions/descry
  descry generate man ~/.local/share/man/man1";

pub(super) const CHECK: &str = "\
Nothing is said aloud, and no picture is taken.

Exit status: 0 when all works that is needed (settings, model, engine and speech), 1 when one of them does not. Screens, \
their text, cameras and the service are tried too, but not everyone needs them.";

pub(super) const BENCH: &str = "\
Nothing is said aloud. On a machine with an NVIDIA GPU the first measurement of TensorRT takes minutes, in which its engines \
are built; they are kept.

Examples:
  descry bench                what this machine can do
  descry bench --store        and put the best choice into your settings
  descry bench --json cat.jpg for programs, with a picture of your own

Exit status: 0 when something was measured, 1 when nothing was, or the choice was not stored.";
