"""The canonical roaming model: frozen structs that can hold what each of the four protocols can say."""
