"""eMIP 0.7.4: the hub as the platform of eMIP partners."""
