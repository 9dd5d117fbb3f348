"""Describes a picture as a GTK program does it: with GLib's own D-Bus, through which a GTK program talks to everything.

It watches the state while it waits, in the main loop that a window would run in.
"""

import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib

loop = GLib.MainLoop()
descry = Gio.DBusProxy.new_for_bus_sync(
    Gio.BusType.SESSION,
    Gio.DBusProxyFlags.NONE,
    None,
    "org.descry.Descry1",
    "/org/descry/Descry1",
    "org.descry.Descry1.Manager",
    None,
)
states = []


def on_changed(_proxy, changed, _invalidated):
    states.extend(value for name, value in changed.unpack().items() if name == "State")


def on_described(proxy, result):
    try:
        description, _descriptors = proxy.call_with_unix_fd_list_finish(result)
    except GLib.Error as error:
        # What a window would show: the sentence, without the name of the error before it.
        name = Gio.dbus_error_get_remote_error(error)
        print(name)
        print(error.message.removeprefix(f"GDBus.Error:{name}: "))
    else:
        description = description.unpack()[0]
        print(description["text"])
        print(description["band"])
        print(" ".join(states))
    loop.quit()


descry.connect("g-properties-changed", on_changed)
with open(sys.argv[1], "rb") as picture:
    descriptors = Gio.UnixFDList.new()
    index = descriptors.append(picture.fileno())
descry.call_with_unix_fd_list(
    "DescribeImage",
    GLib.Variant("(ha{sv})", (index, {"speak": GLib.Variant("b", False)})),
    Gio.DBusCallFlags.NONE,
    60000,
    descriptors,
    None,
    on_described,
)
loop.run()
