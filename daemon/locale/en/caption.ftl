# What is said of one picture. Captions are in the model's language; $language says so where that is another one than
# these sentences are in: it is then ", in English" or the like, and else nothing.

caption-in-language = { $code ->
    [own] {""}
    [en] , in English
    [de] , in German
    [es] , in Spanish
    [fr] , in French
    [it] , in Italian
   *[other] , in the language { $code }
}

# A sentence that is sure enough to be said plainly, in another language than this one.
caption-high-foreign = in { $name ->
    [en] English
    [de] German
    [es] Spanish
    [fr] French
    [it] Italian
   *[other] the language { $name }
}: { $caption }
caption-middle = possibly { $caption }
caption-middle-foreign = possibly{ $language }: { $caption }
caption-low = not sure, may be wrong{ $language }: { $caption }

caption-untold = I can't tell what this picture shows. Another side or distance may help.
caption-untold-on-screen = I can't tell what it shows.
caption-untold-black = I can't tell: the picture is all black. Is the lens covered, or the light off?
caption-untold-blank = I can't tell: the picture is blank. There is nothing on it.
caption-untold-screen = I can't tell: this looks like a screen, not a photo. I only describe photos.
caption-untold-text = I can't tell: this looks like text, not a photo. I only describe photos.
caption-untold-unknown = I can't tell: this does not look like a photo. I only describe photos.
caption-untold-dark = I can't tell: the picture is too dark. More light may help.
caption-untold-bright = I can't tell: the picture is too bright. Turning away from the light may help.
caption-untold-blurred = I can't tell: the picture is too blurred. Holding the camera still may help.
caption-untold-covered = I can't tell: something covers the lens. Is a finger on it?

caption-beside-dark = The picture is dark.
caption-beside-bright = The picture is very bright.
caption-beside-blurred = The picture is blurred.
caption-beside-covered = A part of the picture is covered.
caption-beside-blank = The picture is almost blank.
