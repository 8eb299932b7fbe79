"""What people reach: REST, websocket, who may see what."""
