-- A released group is frozen until it is reopened, a retired one until it is drafted anew.
SELECT rsl.phase_on('rsl.rsl_group', 'status', '{draft,validated,released,retired}',
    '{"draft": ["validated"], "validated": ["released", "draft"], "released": ["retired", "draft"], "retired": ["draft"]}');
