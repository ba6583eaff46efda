"""SOAP, once for all protocols that speak it: envelopes, XML <-> wire types, WS-Security, dispatch, WSDLs, calls."""
