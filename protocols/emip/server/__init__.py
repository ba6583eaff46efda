"""What eMIP partners call."""
