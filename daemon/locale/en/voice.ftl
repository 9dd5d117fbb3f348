# Why something was not spoken.

voice-not-spoken = not spoken: { $reason }
voice-not-reachable =
    speech-dispatcher does not answer at { $address } ({ $reason }); install and start speech-dispatcher, or use
    --no-speech
voice-address = SPEECHD_ADDRESS is { $address }, which is neither unix_socket:PATH nor inet_socket:HOST:PORT
voice-lost = speech-dispatcher closed the connection
voice-late = speech-dispatcher did not answer in time
voice-malformed = what answers is not speech-dispatcher: { $reason }
voice-refused = speech-dispatcher refused to speak: { $reason }
voice-espeak =
    speech-dispatcher does not answer, and espeak-ng failed in its place ({ $reason }); install and start a sound
    server, pulseaudio or pipewire-pulse, or use --no-speech
voice-no-orca = Orca does not run, or is older than version 49; start it, or set the setting speech to auto
voice-orca = Orca did not speak: { $reason }
voice-busy = too much is waiting to be said
voice-ended = the voice has ended

# What is said in the place of what only eyes read.
voice-link = link to { $host }
voice-link-to-file = link to a file
voice-mail = { $name } at { $host }
voice-sign = { $sign ->
    [and] and
    [equals] equals
    [to] to
   *[plus] plus
}
