# How a screen is told: its program and window, its text, its pictures with their places.

screen-titled = { $application }: { $window }
screen-no-window = No window is active.
screen-nameless-window = A window without a name.
screen-part = Part of the screen.

screen-text = Text: { $text }
screen-no-text = No text.
screen-more-words = Text: { $said } … { $count ->
    [one] { $count } more word
   *[other] { $count } more words
}.
screen-unread = Its text cannot be read: { $reason }

screen-pictures = { $count ->
    [one] { $count } picture.
   *[other] { $count } pictures.
}
screen-more-pictures = And { $count ->
    [one] { $count } more picture
   *[other] { $count } more pictures
}.
screen-pictures-undescribed = Its pictures cannot be described: { $reason }
screen-others-undescribed = Its other pictures cannot be described: { $reason }
screen-too-slow = it took too long; ask for a window or a region

# One of several pictures, by its place.
screen-place = { $place ->
    [upper-left] Upper left
    [top] Top
    [upper-right] Upper right
    [left] Left
    [right] Right
    [lower-left] Lower left
    [bottom] Bottom
    [lower-right] Lower right
    [filling-screen] Filling the screen
    [filling-window] Filling the window
    [filling-region] Filling the region
   *[middle] Middle
}
# The only picture.
screen-only-picture = { $place ->
    [upper-left] Picture in the upper left
    [top] Picture at the top
    [upper-right] Picture in the upper right
    [left] Picture on the left
    [right] Picture on the right
    [lower-left] Picture in the lower left
    [bottom] Picture at the bottom
    [lower-right] Picture in the lower right
    [filling-screen] Picture filling the screen
    [filling-window] Picture filling the window
    [filling-region] Picture filling the region
   *[middle] Picture in the middle
}
screen-on-monitor = { $place } on monitor { $monitor }
screen-picture = { $place }: { $sentence }
