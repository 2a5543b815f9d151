"""Help that several commands have."""

HELP_OF_DATA = "folder that holds the data sets, each under the name that the README lists"
