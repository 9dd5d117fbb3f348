# What the command prints beside descriptions and failures.

command-paused = Descry is paused. To go on: descry resume
command-no-runtime = the system gives no input and output: { $reason }
command-no-thread = the caption thread could not be started: { $reason }

command-status-runs = descryd { $version } runs.
command-status-paused = descryd { $version } runs, and is paused: descry resume lets it go on.
command-status-kept = Model: { $model }, { $state }, on the { $device }; it stays in memory.
command-status-let-go = Model: { $model }, { $state }, on the { $device }; it is let go after { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
} without a request.
command-status-speech = Speech: { $route }, in the language { $language }.
command-status-wording =
    Wording: detail { $detail }, hedging { $hedging }, nothing below a confidence of { $confidence }.

command-file-read = { $path } was read.
command-file-absent = { $path } is not there.
command-setting-built-in = { $name } = { $value }, built in
command-setting-from = { $name } = { $value }, from { $place }
command-setting-unset = { $name } is not set
