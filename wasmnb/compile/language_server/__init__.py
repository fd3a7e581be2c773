"""Language servers, which say what can stand at a place of a filter's source, and what a name there means."""

from wasmnb.compile.language_server.adapter import Adapter, Program, Workspace
from wasmnb.compile.language_server.answers import Completions, Proposal
from wasmnb.compile.language_server.servers import LanguageServers

__all__ = ["Adapter", "Completions", "LanguageServers", "Program", "Proposal", "Workspace"]
