# What is said of the machine by itself: that Descry is ready on it, its battery, and its GPU.

board-ready = Descry is ready.
board-ready-first =
    Descry is ready. It says what pictures show, and it is wrong at times: do not rely on it to move about, or against
    hazards.

board-battery = The battery is at { $percent } percent.
board-battery-low = The battery is low: { $percent } percent. Please charge it.
board-battery-empty =
    The battery is almost empty: { $percent } percent. Charge it now, or Descry will fall silent.

board-builds = Descry prepares its model for this machine. That takes some minutes, this once.
board-builds-anew =
    Descry prepares its model anew, since it or a library has changed. That takes some minutes.
