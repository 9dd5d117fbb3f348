// A battery that is all but empty, for a machine of QEMU, which has none: 4 of 100 watt-hours are left, and go.
DefinitionBlock ("", "SSDT", 2, "DESCRY", "BATTERY", 1)
{
    Device (\_SB.BAT0)
    {
        Name (_HID, EisaId ("PNP0C0A"))
        Name (_UID, 0)
        Name (_PCL, Package () { \_SB })

        Method (_STA) { Return (0x1F) }

        // In milliwatt-hours: as designed, when full, rechargeable, in millivolts, when low, when very low, and two steps.
        Name (_BIF, Package () { 0, 100000, 100000, 1, 12000, 10000, 5000, 1, 1, "test", "1", "test", "test" })

        // Discharging, by milliwatts, what is left, and millivolts.
        Name (_BST, Package () { 1, 1000, 4000, 12000 })
    }
}
