# What descry check says of each part. A part's line begins with its name and how it is.

check-name = { $part ->
    [settings] Configuration
    [model] Model
    [engine] Engine
    [gpu] GPU
    [speech] Speech
    [earcons] Short sound
    [service] Service
    [screen] Screen
    [windows] Accessibility of windows
    [text] Text on screens
    [keys] Keys
    [button] Button
   *[camera] Camera
}
check-works = { $part } works. { $words }
check-missing = { $part } is not there. { $words }
check-fails = { $part } does not work. { $words }
check-all-works = All that Descry needs works.
check-needed-fails = Descry needs what does not work: { $parts }.

check-settings = it can be read
check-model = it is { $model } in { $folder }, and every byte is as it should be
check-engine = { $engine } runs the model on the { $device }
check-gpu-none = there is no NVIDIA GPU with its driver, and processors do
check-gpu = { $device } runs the model of the service
check-gpu-turned-off = { $device } runs the model; the setting device turns it off
check-gpu-idle = processors run the model instead
check-gpu-not-used = { $said }; { $device } is not used: { $reason }
check-engine-without-model = it was not tried, for want of a model
check-broke-off = the attempt broke off; please report it
check-speech-off = it is turned off in the settings, so everything is only printed
check-speech-no-voice =
    speech-dispatcher answers, but has no voice; install speech-dispatcher-espeak-ng, and end speech-dispatcher so that
    it starts anew
check-speech = speech-dispatcher answers and has { $voices ->
    [one] { $voices } voice
   *[other] { $voices } voices
} ({ $synthesisers }); whether you hear it, spd-say hello tells
check-speech-replaced =
    speech-dispatcher is not there, so espeak-ng speaks in its place; whether you hear it, espeak-ng hello tells
check-speech-system =
    speech-dispatcher cannot be reached in the usual way, so the voice of the system speaks in its place; whether you
    hear it, descry describe with a picture tells
check-orca = Orca runs and can be asked to speak
check-earcons = { $player } plays it
check-earcons-off = it is turned off in the settings
check-earcons-unplayed =
    no program could play it; install pulseaudio-utils, pipewire-bin or alsa-utils, whichever fits your sound server,
    and check that this runs
check-service = descryd runs, so the model need not be loaded for each picture
# Added to the sentence above: what other programs may ask it for.
check-service-programs = { $service }. { $eyes ->
    [both] Every program may have it look at the screen and through cameras
    [screen] Every program may have it look at the screen, but only descry through cameras
    [camera] Every program may have it look through cameras, but only descry at the screen
   *[none] Only descry may have it look at the screen or through cameras
}; the settings programs_see_screen and programs_use_camera change that
check-no-service =
    descryd does not run, so descry does the work itself, which takes a moment longer; to start it: systemctl --user
    start descryd
check-screen = it has { $width } x { $height } pixels on { $monitors ->
    [one] { $monitors } monitor
   *[other] { $monitors } monitors
}, and which window is active is known
check-screen-no-manager = it has { $width } x { $height } pixels on { $monitors ->
    [one] { $monitors } monitor
   *[other] { $monitors } monitors
}, and no window manager says which window is active, so the one with the keyboard is taken
check-portal-sway =
    the desktop's portal shows it, and may ask for your permission first; sway tells where the active window is
check-portal-windows =
    the desktop's portal shows it, and may ask for your permission first; it may show a window alone
check-portal =
    the desktop's portal shows it, and may ask for your permission first; nobody tells where the active window is, so
    that the whole screen is described in its place
check-windows = { $count ->
    [one] { $count } program tells what its windows are called and where passwords are typed
   *[other] { $count } programs tell what their windows are called and where passwords are typed
}
check-windows-untold = no program tells of its windows; some do so only while a screen reader runs
check-windows-unasked =
    programs cannot be asked about their windows, so that passwords are known by their dots alone; install at-spi2-core
    and log in again
check-text = Tesseract is there, with the languages { $languages }
check-camera =
    { $name } can be looked through{ $others ->
        [0] { "" }
        [one] ; there is 1 other
       *[other] ; there are { $others } others
    }
check-keys-off = they are turned off in the settings
check-keys-no-session = there is no graphical session here
check-keys-portal = the desktop has a portal that hands them out, once descryd runs
check-keys-free = they are free, and descryd takes them when it runs
check-button-unset = none is set; where there is one, name it in descry.toml as button.key
check-button = { $device } can be read, once descryd runs
check-pressed = descryd listens to { $triggers }
check-pressed-nothing = descryd listens to none
check-pressed-partly = { $problems } { $pressed }
