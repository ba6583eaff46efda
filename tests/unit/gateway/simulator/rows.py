"""Invented rows in the form of the national schema: no station of these names exists."""

import gzip
import json
from pathlib import Path
from typing import Any

POINT: dict[str, Any] = {
    "nom_amenageur": "Amperes et Fils",
    "nom_operateur": "Amperes et Fils",
    "nom_enseigne": "Amperes",
    "id_station_itinerance": "FRZZZPNULLE1",
    "nom_station": "Place de Nulle-Part",
    "implantation_station": "Voirie",
    "adresse_station": "12 bis rue des Essais, 69999 Nulle-Part-sur-Mer, France",
    "code_insee_commune": "69999",
    "coordonneesXY": "[4.832, 45.757814]",
    "nbre_pdc": "2",
    "id_pdc_itinerance": "FRZZZENULLE11",
    "puissance_nominale": "150.0",
    "prise_type_ef": "False",
    "prise_type_2": "True",
    "prise_type_combo_ccs": "True",
    "prise_type_chademo": "False",
    "prise_type_autre": "False",
    "gratuit": None,
    "paiement_acte": "True",
    "paiement_cb": "True",
    "condition_acces": "Accès libre",
    "reservation": "False",
    "horaires": "24/7",
    "accessibilite_pmr": "Réservé PMR",
    "station_deux_roues": "False",
    "date_mise_en_service": "2023-05-02",
    "date_maj": "2025-03-01",
    "cable_t2_attache": None,
}
SESSION: dict[str, Any] = {
    "id_pdc_itinerance": "FRZZZENULLE11",
    "energy": 20.5,
    "start": 1733000000250,
    "end": 1733001800000,
}


def point(**changes: Any) -> dict[str, Any]:
    return {**POINT, **changes}


def session(**changes: Any) -> dict[str, Any]:
    return {**SESSION, **changes}


def write(path: Path, *rows: dict[str, Any] | str, packed: bool = True) -> Path:
    lines = "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_bytes(gzip.compress(lines.encode()) if packed else lines.encode())
    return path
