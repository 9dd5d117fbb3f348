# Keys and buttons. Names of keys and of settings are the same in every language.

# What a key does, where the desktop lists it.
trigger-action = { $action ->
    [describe_window] Describe the window
    [describe_screen] Describe the screen
    [describe_camera] Describe what the camera sees
    [repeat] Say the description again
    [more] Say more about it
    [again] Say it in other words
    [stop] Be silent
    [pause] Pause, or go on
   *[narration] Begin or end the narration
}

# What stands in the way.
trigger-held =
    another program has taken { $keys }; free it there, or choose another key in descry.toml under [keys]
trigger-not-on-keyboard = the keyboard has no key for { $keys }; choose another in descry.toml under [keys]
trigger-no-server =
    no keys can be taken from the X server { $display } ({ $reason }); check that the session runs and that DISPLAY
    names it
trigger-no-display =
    DISPLAY is not set, so no keys can be taken from an X server; set keys.from to auto in descry.toml
trigger-no-portal =
    this desktop hands its keys to no program; bind a key in its settings to the command: descry describe --window
trigger-not-allowed =
    the desktop did not let Descry have keys; allow it in the desktop's settings for the keyboard, or bind a key there
    to the command: descry describe --window
trigger-not-assigned = the desktop gave no key for { $keys }; choose one in its settings for the keyboard
trigger-portal-failed =
    the desktop's portal for keys failed: { $reason }; log out and in again, and if it stays so, report it
trigger-no-device = no device has the button { $key }; connect it, or choose another in descry.toml as button.key
trigger-not-readable =
    the button { $key } of { $device } may not be read; install the udev rule 70-descry-button.rules, or add yourself
    to the group input and log in again
trigger-device-failed =
    the button { $key } of { $device } cannot be used: { $reason }; start descryd again, or choose another in
    descry.toml as button.key
trigger-device-taken =
    another program keeps { $device } for itself, so the button { $key } cannot be used alone; end that program, or set
    button.grab to false in descry.toml
trigger-no-watch =
    the system cannot tell when a button is connected: { $reason }; after connecting it, start descryd again
trigger-broken-off = the watch over the keys broke off; start descryd again, and please report it

# What is wrong with the settings of keys and buttons. $hint is one of the first two.
trigger-nearest = did you mean { $name }?
trigger-known = there are { $names }
trigger-usual-buttons = a button is usually KEY_CAMERA or KEY_PROG1
trigger-in-setting = { $setting }: { $problem }
trigger-no-action = there is no action { $name }; { $hint }
trigger-no-key-named = { $keys } names no key; write for example Super+Alt+D
trigger-not-held = in { $keys }, { $part } is no key that is held; { $hint }
trigger-not-a-key = in { $keys }, { $part } is no key that Descry knows; { $hint }
trigger-for-writing = { $keys } would be missed where you write; add Super, Ctrl or Alt, as in { $better }
trigger-not-known = { $setting } is { $value }; { $hint }
trigger-both = keys.{ $one } and keys.{ $other } are both { $keys }; change one
trigger-not-text = { $setting } is { $value }: it must be text
trigger-not-a-switch = { $setting } is { $value }: it must be true or false
trigger-no-kernel-key = the kernel has no key { $name }; { $hint }
