# Was neben den Beschreibungen gesagt wird, während eine Kamera erzählt. Aus jedem wird ein Satz.

narration-ended = die Erzählung ist zu Ende: { $reason }
narration-closed = die Erzählung wurde beendet
narration-dark = es ist dunkel: das Licht ist aus, oder die Linse ist bedeckt
narration-covered = etwas bedeckt die Linse
narration-clear = die Sicht ist frei
narration-away = die Kamera ist fort. Die Erzählung wartet eine Minute auf sie
narration-key-begun = es wird erzählt. Dieselbe Taste beendet es. Das ist keine Hilfe, um sich zu bewegen
    oder Gefahren zu erkennen
narration-key-ended = die Erzählung ist zu Ende
narration-begun = es wird erzählt. Strg-C beendet es. Das ist keine Hilfe, um sich zu bewegen oder Gefahren zu erkennen
