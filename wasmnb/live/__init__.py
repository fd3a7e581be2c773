"""The model behind live views: what a mesh's changes make of rows, rates and freshness; it knows no widget."""
