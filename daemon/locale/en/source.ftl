# Why there is no picture: of a file, of another program, or of the screen.

source-no-such-file = there is no such file
source-folder = it is a folder, not a picture
source-folder-unreadable = the folder cannot be read
source-folder-empty = there are no pictures in the folder
source-not-a-file = it is not a regular file
source-not-sealed = the shared memory with the picture is not sealed against writing and shrinking
source-unreadable = it cannot be read: { $reason }
source-empty = the file is empty
source-too-many-bytes = the file is too large: at most { $mebibytes } MiB are read
source-not-a-picture = this is not a picture that Descry can read (JPEG, PNG, GIF, WebP, TIFF or BMP)
source-unsupported = this kind of { $format } picture cannot be read: save it as JPEG or PNG
source-too-much-inside =
    the { $format } picture needs too much memory for what it holds besides its pixels: save it anew
source-cut-off = the { $format } picture is cut off: its end is missing
source-damaged = the { $format } picture is damaged
# Where not even the format is known.
source-damaged-unknown = the picture is damaged
source-too-many-pixels =
    the picture is too large: { $width } x { $height } pixels, where at most { $megapixels } megapixels are taken
source-too-much-memory =
    the picture is too large: { $width } x { $height } pixels, where at most { $megapixels } megapixels are taken of
    this kind of { $format }

source-screen-forbidden =
    only the command descry may ask for the screen; to let every program, put programs_see_screen = true into
    descry.toml
source-camera-forbidden =
    only the command descry, a key or a button may look through the camera; to let every program, put
    programs_use_camera = true into descry.toml

source-no-session =
    there is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set; start it in your graphical session
source-other-session = the service descryd belongs to another session than this one; use --no-service
source-wayland = the X server shows a part of a Wayland session only
source-no-portal =
    on Wayland the desktop's portal shows the screen, and none answers here; install xdg-desktop-portal and the one of
    your desktop, such as xdg-desktop-portal-gnome, -kde or -wlr, and log in again
source-no-screenshots =
    the desktop's portal takes no pictures of the screen here; install the one of your desktop, such as
    xdg-desktop-portal-gnome, -kde or -wlr, and log in again
source-portal-refused =
    the desktop did not let Descry look at the screen; ask again and allow it, or allow it in the desktop's settings,
    where screenshots are among the permissions
source-portal-silent =
    the desktop's portal did not answer; perhaps it waits in a dialog for your permission: look for one, and ask again
source-portal-failed =
    the desktop's portal could not take a picture of the screen; ask again, and if it stays so, log in anew
source-portal-picture = the picture that the desktop's portal took cannot be used: { $reason }
source-no-server =
    the X server { $display } cannot be reached ({ $reason }); check that the session runs and that DISPLAY names it
source-server-forbidden =
    the X server { $display } lets nobody in who has no key; run Descry as the person who is logged in there, or set
    XAUTHORITY
source-server-lost = the X server closed the connection; if your session still runs, ask again
source-locked = the screen is locked or its screen saver runs; wake or unlock it, and ask again
source-no-active-window =
    no window is active; change to one, for example with Alt and Tab, or ask for the whole screen
source-hidden-window =
    the active window is hidden or minimised; bring it to the front, or ask for the whole screen
source-window-gone = the window was closed before it could be looked at; ask again
source-window-outside =
    the active window lies outside the screen, which is { $width } x { $height } pixels large; move it there, or ask for
    the whole screen
source-region-outside =
    the region lies outside the screen, which is { $width } x { $height } pixels large; name one that lies on it
source-screen-too-large =
    the screen is too large: { $width } x { $height } pixels, where at most { $megapixels } megapixels are taken; ask
    for a window or a region
source-depth = the screen has { $bits } bits of colour, which cannot be read; set it to 24 bits
source-server-refused =
    the X server refused to show the screen ({ $reason }); ask again, and if it stays so, report it
source-no-memory =
    the system gave no memory for the screen ({ $reason }); close a program that you do not need, and ask again

# Text on screens.
source-no-reader = the program that reads text is missing; install the package tesseract-ocr
source-no-reader-language =
    Tesseract lacks the language { $language }; install the package tesseract-ocr-{ $language }, or name others in
    text_languages
source-reader-slow = reading the text took longer than { $seconds } seconds; ask for a window or a region
source-reader-endless = Tesseract answered without end; ask for a window or a region
source-reader-failed =
    Tesseract failed ({ $status }): { $complaint }; ask again, and if it stays so, install the package tesseract-ocr
    anew
source-reader-broken = Tesseract cannot be run ({ $reason }); install the package tesseract-ocr anew
source-reader-unprepared = the picture could not be prepared for reading; ask again
