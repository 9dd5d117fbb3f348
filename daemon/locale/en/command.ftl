# What the command prints beside descriptions and failures.

command-paused = Descry is paused. To go on: descry resume
command-no-runtime = the system gives no input and output: { $reason }
command-no-thread = the caption thread could not be started: { $reason }
command-not-written = it could not be written: { $reason }

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

command-bench-name = { $engine } on { $device }
command-bench-name-threads = { $engine } on { $device }, { $threads ->
    [one] { $threads } thread
   *[other] { $threads } threads
}
command-bench-line =
    { $name }: { $time } ms for a picture, { $load } ms to load, { $memory } MB of memory, { $precision }.
command-bench-fails = { $name }: cannot be used. { $reason }
command-bench-best = The best is { $name }. To have it used: descry bench --store
command-bench-stored = The best is { $name }. It was put into { $file }.
command-bench-not-stored = the choice was not stored: { $reason }
command-bench-nothing = Nothing here can describe pictures; descry check says why.
