"""The embedded servers as child processes."""

from gateway.stack.errors import Death, StackError
from gateway.stack.secrets import DevSecrets, load_or_create_secrets
from gateway.stack.stack import EmbeddedStack, StackAddresses

__all__ = ["Death", "DevSecrets", "EmbeddedStack", "StackAddresses", "StackError", "load_or_create_secrets"]
