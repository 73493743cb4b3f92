-- The upper bound of each dimension refuses NaN and Infinity, which sort above every number.
CREATE TABLE rsl.items (
    id                  serial,
    item_code           varchar(64) NOT NULL,
    name                varchar(255),
    name_en             varchar(255),
    specification       text,
    material_code       varchar(64),
    material_name       varchar(255),
    raw_material_kind   varchar(64),
    part_type           varchar(64),
    part_name           varchar(255),
    item_type           varchar(64),
    item_group          varchar(64),
    item_group_name     varchar(255),
    group1              varchar(64),
    group2              varchar(64),
    group3              varchar(64),
    is_standard         boolean,
    unit                varchar(16),
    inner_diameter      numeric,
    outer_diameter      numeric,
    thickness           numeric,
    rotates_clockwise   boolean,
    inner_seal_type     varchar(64),
    inner_seal_size     varchar(64),
    middle_seal_type    varchar(64),
    middle_seal_size    varchar(64),
    outer_seal_type     varchar(64),
    outer_seal_size     varchar(64),
    drawing_no          varchar(64),
    drawing_rev         varchar(32),
    metadata            jsonb       NOT NULL DEFAULT '{}',
    created_at          timestamp   NOT NULL DEFAULT timezone('utc', now()),
    updated_at          timestamp   NOT NULL DEFAULT timezone('utc', now()),
    CONSTRAINT items_pkey PRIMARY KEY (id),
    CONSTRAINT items_item_code_key UNIQUE (item_code),
    CONSTRAINT items_null_check CHECK (item_code IS NOT NULL AND item_code ~ '[^[:space:]]'),
    CONSTRAINT items_inner_diameter_check CHECK (inner_diameter >= 0 AND inner_diameter < 1000000000000),
    CONSTRAINT items_outer_diameter_check CHECK (outer_diameter >= 0 AND outer_diameter < 1000000000000),
    CONSTRAINT items_thickness_check CHECK (thickness >= 0 AND thickness < 1000000000000),
    CONSTRAINT items_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE TRIGGER items_touch_updated_at BEFORE UPDATE ON rsl.items
    FOR EACH ROW EXECUTE FUNCTION rsl.touch_updated_at();

COMMENT ON TABLE rsl.items IS 'Items (parts, materials, products) that routings are made for';
COMMENT ON COLUMN rsl.items.id IS 'Key';
COMMENT ON COLUMN rsl.items.item_code IS 'Code of the item in the ERP (ITEM_CD); unique, never empty';
COMMENT ON COLUMN rsl.items.name IS 'Name (ITEM_NM)';
COMMENT ON COLUMN rsl.items.name_en IS 'English name (ITEM_NM_ENG)';
COMMENT ON COLUMN rsl.items.specification IS 'Specification (ITEM_SPEC)';
COMMENT ON COLUMN rsl.items.material_code IS 'Material, such as STS (ITEM_MATERIAL)';
COMMENT ON COLUMN rsl.items.material_name IS 'Name of the material (MATERIAL_DESC)';
COMMENT ON COLUMN rsl.items.raw_material_kind IS 'Kind of the raw material (RAW_MATL_KIND)';
COMMENT ON COLUMN rsl.items.part_type IS 'Type of the part, such as PIPE (PART_TYPE)';
COMMENT ON COLUMN rsl.items.part_name IS 'Name of the type of the part (PartNm)';
COMMENT ON COLUMN rsl.items.item_type IS 'Type of the item (ITEM_TYPE)';
COMMENT ON COLUMN rsl.items.item_group IS 'Group of the item (ITEM_GRP1)';
COMMENT ON COLUMN rsl.items.item_group_name IS 'Name of the group of the item (ITEM_GRP1NM)';
COMMENT ON COLUMN rsl.items.group1 IS 'First free group (GROUP1)';
COMMENT ON COLUMN rsl.items.group2 IS 'Second free group (GROUP2)';
COMMENT ON COLUMN rsl.items.group3 IS 'Third free group (GROUP3)';
COMMENT ON COLUMN rsl.items.is_standard IS 'True for a standard item (STANDARD_YN)';
COMMENT ON COLUMN rsl.items.unit IS 'Unit that the item is counted in (ITEM_UNIT)';
COMMENT ON COLUMN rsl.items.inner_diameter IS 'Inner diameter in millimetres, not negative (INDIAMETER)';
COMMENT ON COLUMN rsl.items.outer_diameter IS 'Outer diameter in millimetres, not negative (OUTDIAMETER)';
COMMENT ON COLUMN rsl.items.thickness IS 'Thickness in millimetres, not negative (OUTTHICKNESS)';
COMMENT ON COLUMN rsl.items.rotates_clockwise IS 'Sense of rotation (ROTATE_CLOCKWISE)';
COMMENT ON COLUMN rsl.items.inner_seal_type IS 'Type of the inner seal (IN_SEALTYPE_CD)';
COMMENT ON COLUMN rsl.items.inner_seal_size IS 'Size of the inner seal (IN_SEALSIZE)';
COMMENT ON COLUMN rsl.items.middle_seal_type IS 'Type of the middle seal (MID_SEALTYPE_CD)';
COMMENT ON COLUMN rsl.items.middle_seal_size IS 'Size of the middle seal (MID_SEALSIZE)';
COMMENT ON COLUMN rsl.items.outer_seal_type IS 'Type of the outer seal (OUT_SEALTYPE_CD)';
COMMENT ON COLUMN rsl.items.outer_seal_size IS 'Size of the outer seal (OUT_SEALSIZE)';
COMMENT ON COLUMN rsl.items.drawing_no IS 'Number of the drawing (DRAW_NO)';
COMMENT ON COLUMN rsl.items.drawing_rev IS 'Revision of the drawing (DRAW_REV)';
COMMENT ON COLUMN rsl.items.metadata IS 'JSON object: whatever else is known about the item';
COMMENT ON COLUMN rsl.items.created_at IS 'When the row was made (UTC)';
COMMENT ON COLUMN rsl.items.updated_at IS 'When the row was last changed (UTC); kept by a trigger';
COMMENT ON CONSTRAINT items_null_check ON rsl.items IS 'An item has a code, and the code is not empty';
