# Was über das Gerät von sich aus gesagt wird: dass Descry darauf bereit ist, sein Akku und seine GPU.

board-ready = Descry ist bereit.
board-ready-first =
    Descry ist bereit. Es sagt, was auf Bildern ist, und irrt sich manchmal: verlassen Sie sich nicht darauf, um sich
    zu bewegen oder Gefahren zu meiden.

board-battery = Der Akku ist bei { $percent } Prozent.
board-battery-low = Der Akku ist schwach: { $percent } Prozent. Bitte aufladen.
board-battery-empty =
    Der Akku ist fast leer: { $percent } Prozent. Jetzt aufladen, sonst verstummt Descry.

board-builds = Descry bereitet sein Modell für dieses Gerät vor. Das dauert einige Minuten, nur dieses Mal.
board-builds-anew =
    Descry bereitet sein Modell neu vor, weil es oder eine Bibliothek sich geändert hat. Das dauert einige Minuten.
