{{ written_by_applications() }}
