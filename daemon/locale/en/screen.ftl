# How a screen is told: its program and window, its text, its pictures with their places.

screen-titled = { $application }: { $window }
screen-no-window = No window is active.
screen-nameless-window = A window without a name.
screen-part = Part of the screen.
screen-whole = The screen.
screen-for-window = This is the whole screen, as nobody tells here where the window is.
screen-saved = A picture of a screen.
screen-page = A picture of text.
screen-saved-empty = I can't tell: this looks like a screen, not a photo, and no text can be read in it.
screen-page-empty = I can't tell: this looks like text, not a photo, and none of it can be read.
screen-focus = Focus: { $focus }

screen-text = Text: { $text }
screen-no-text = No text.
screen-more-words = Text: { $said } … { $count ->
    [one] { $count } more word
   *[other] { $count } more words
}.
# Of a terminal, where the newest stands at the end.
screen-newest-text = Text, after { $count ->
    [one] { $count } word
   *[other] { $count } words
}: { $said }
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
    [filling-picture] Filling the picture
    [filling-page] Filling the page
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
    [filling-picture] Picture filling all of it
    [filling-page] Picture filling the page
   *[middle] Picture in the middle
}
screen-on-monitor = { $place } on monitor { $monitor }
screen-picture = { $place }: { $sentence }
